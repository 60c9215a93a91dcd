// report.html: one file, without anything from elsewhere, that shows what happened in a run, or
// several runs beside each other: configuration, curves, tables of measures beside baselines,
// pictures, and the volumes of the sample objects in a viewer.
//
// Read from a run's folder, as far as it is there: config.yaml, metrics.csv, categories.csv,
// samples/ (pix2vox/training/sample_volumes.h and the pictures epoch_N.png), gallery/*.png, and
// results/*.json, which `pix2vox test --json` writes. What cannot be read is a note in the report.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace voxgrad {

struct ReportOptions {
  /// Of the whole file. Epochs of the viewer and pictures are left out to keep it.
  std::size_t max_bytes = 3'000'000;
};

/// The page. ConfigError if a folder holds no run.
std::string make_report(const std::vector<std::filesystem::path>& runs,
                        const ReportOptions& options = {});

/// Writes it atomically.
void write_report(const std::vector<std::filesystem::path>& runs, const std::filesystem::path& file,
                  const ReportOptions& options = {});

}  // namespace voxgrad
