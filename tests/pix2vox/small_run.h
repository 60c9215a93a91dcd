// A small training on the toy data set, and readers of what it leaves.
#pragma once

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "pix2vox/training/run_folder.h"
#include "pix2vox/training/trainer.h"
#include "tests/pix2vox/tiny.h"
#include "tests/pix2vox/toy_dataset.h"
#include "tests/support/temporary_folder.h"

namespace voxgrad::testing {

inline Config small_config() {
  Config config;
  config.model = tiny_model();
  config.train.epochs = 4;
  config.train.batch_size = 4;
  config.train.milestones = {2};
  config.train.save_every = 2;
  config.train.n_views = 2;
  config.train.random_n_views = true;
  return config;
}

struct Run {
  TemporaryFolder folder;
  ToyDataset train{13, 8}, validation{5, 8};

  TrainingOutcome go(const Config& config, bool resume = false,
                     const std::atomic<bool>* stop = nullptr, TrainingHooks hooks = {},
                     std::int64_t steps_ahead = 0) {
    Trainer trainer(config, train, &validation,
                    {folder / "run", resume, Device::cpu(), stop, steps_ahead}, std::move(hooks));
    return trainer.run();
  }
  RunFolder files() const { return {folder / "run"}; }
  Checkpoint last() const { return load_checkpoint(files().checkpoints() / "last.h5"); }
};

inline std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// A CSV file by the names of its columns.
inline std::map<std::string, std::vector<std::string>> columns_of(
    const std::filesystem::path& file) {
  const auto cells = [](const std::string& line) {
    std::vector<std::string> result;
    std::istringstream in(line + ',');
    for (std::string cell; std::getline(in, cell, ',');) result.push_back(cell);
    return result;
  };
  const std::vector<std::string> lines = lines_of(file);
  const std::vector<std::string> names = cells(lines.at(0));
  std::map<std::string, std::vector<std::string>> columns;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> row = cells(lines[i]);
    for (std::size_t c = 0; c < names.size(); ++c) columns[names[c]].push_back(row.at(c));
  }
  return columns;
}

/// A column of metrics.csv as numbers.
inline std::vector<double> metric(const RunFolder& run, const std::string& column) {
  std::vector<double> numbers;
  const std::vector<std::string> cells = columns_of(run.metrics()).at(column);
  for (const std::string& cell : cells) numbers.push_back(std::stod(cell));
  return numbers;
}

}  // namespace voxgrad::testing
