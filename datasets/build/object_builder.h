// The objects of a data set that is built: each mesh is read, rendered, voxelized and written, many
// at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "datasets/build/build_journal.h"
#include "datasets/build/builder.h"
#include "datasets/build/mesh_sources.h"
#include "datasets/build/split_groups.h"

namespace voxgrad {

/// Random streams of an object, after its own key: what is drawn besides its views.
namespace build_streams {
inline constexpr std::uint64_t appearance = 1, variant = 2;
}

/// What is known of one mesh after its turn.
struct Outcome {
  std::unique_ptr<RotatedShape> shape;  // null: not built
  double occupancy = 0;
  bool kept = false;               // built before this run
  std::string reason;              // why it was skipped
  std::vector<std::string> notes;  // what of it was not read
};

/// Builds all objects on several threads. A mesh that cannot be used leaves its place empty and a
/// reason; a file that cannot be written ends the build. Arguments must outlive it.
class ObjectBuilder {
 public:
  /// The second builder of a build may do objects of the first again, so the journal tells them
  /// apart by `suffix`; `before` is the number of the first one's objects, for the progress.
  ObjectBuilder(const std::vector<MeshSource>& sources, const BuildOptions& options,
                const BuildProgress& progress, BuildJournal& journal,
                const std::string& suffix = "", int before = 0);
  /// False if it was told to stop before the last object.
  bool run();
  std::vector<Outcome>& outcomes() { return outcomes_; }

 private:
  bool is_stopped() const { return options_.stop != nullptr && *options_.stop; }
  void build(std::size_t i);
  /// Whether the object is complete from the build that is resumed.
  bool keep(const MeshSource& source, Outcome& outcome) const;
  void report(const MeshSource& source, bool is_new);

  const std::vector<MeshSource>& sources_;
  const BuildOptions& options_;
  const BuildProgress& progress_;
  BuildJournal& journal_;
  std::vector<Outcome> outcomes_;
  const std::string suffix_;
  const int before_;
  std::atomic<bool> failed_ = false;
  std::exception_ptr failure_;
  int done_ = 0;
};

}  // namespace voxgrad
