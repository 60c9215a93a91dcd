// What the page of a report shows of one run, as JSON.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace voxgrad {

/// The name that a run has in a report: that of its folder.
std::string run_name(const std::filesystem::path& folder);

/// Everything but volumes and pictures:
///   {"name", "config": {key: value}, "threshold", "notes": [...],
///    "metrics" and "categories": {"columns", "rows"}, numbers or null, at most 1,000 rows,
///    "tables": [{"title", "columns", "rows": [{"name", "objects", "values", "strong"}], "note"}],
///    "samples": null, "gallery": []}
/// ConfigError if the folder holds no run.
nlohmann::ordered_json run_data(const std::filesystem::path& folder);

/// Adds volumes and pictures of at most so many bytes as text:
///   "samples": {"n", "objects": [{"category", "object", "truth", "input"}],
///               "epochs": [{"epoch", "volumes": [...]}]}
///   "gallery": [{"title", "source"}]
/// Volumes are bytes packed with zlib, in base64; pictures are data URIs.
void add_samples(const std::filesystem::path& folder, std::size_t max_bytes,
                 nlohmann::ordered_json& data);

}  // namespace voxgrad
