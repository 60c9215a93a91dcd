// Where the time of a forward and a backward pass goes, by the names that modules and functions
// have anyway. While a Profile lives in this thread, every moment belongs to the innermost
// NameScope open at that moment (forward) or to the node whose closure runs (backward).
//
//   Profile profile(device);
//   model.forward(images, 1).volume();
//   profile.stop();
//   for (const Profile::Entry& entry : profile.entries()) ...   // "encoder.vgg.0": 0.004 s
//
// On a device that works asynchronously every boundary waits for it, so that the times of the parts
// are true and their sum is more than the whole takes unobserved.
#pragma once

#include <chrono>
#include <string>
#include <unordered_map>
#include <vector>

#include "tensor/device.h"

namespace voxgrad {

struct Node;

class Profile {
 public:
  struct Entry {
    std::string name{};           // a module's path, "" outside of all: "encoder.vgg.0"
    double forward = 0;           // seconds
    double backward = 0;          // seconds
    bool gradient = false;        // the backward pass came through here
    bool input_gradient = false;  // and went on to what comes before
  };

  explicit Profile(Device device);
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  /// Ends the measuring early; what is open gets the time up to now.
  void stop();
  /// In the order in which they first ran.
  const std::vector<Entry>& entries() const { return entries_; }

  /// Called by NameScope and by the engine: what the time from now on belongs to. They do nothing
  /// where no Profile lives.
  static void forward_of(const std::string& path);
  static void backward_of(const Node* node);  // null: the engine's own work, the entry ""

 private:
  using Clock = std::chrono::steady_clock;
  std::size_t entry(const std::string& path);
  void move_to(std::size_t entry, double Entry::*phase);  // books the time since the last move

  Device device_;
  bool running_ = true;
  Profile* previous_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> index_;
  std::size_t place_ = 0;
  double Entry::*phase_ = &Entry::forward;
  Clock::time_point since_;
};

}  // namespace voxgrad
