#include "autograd/profile.h"

#include "autograd/variable.h"
#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

thread_local Profile* current = nullptr;

// "encoder.vgg/" and "encoder.vgg/conv2d" are both "encoder.vgg".
std::string module_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

}  // namespace

Profile::Profile(Device device) : device_(device), previous_(current) {
  current = this;
  backend(device_).memory.synchronize(device_.index);
  since_ = Clock::now();
  place_ = entry(NameScope::path());
}

Profile::~Profile() {
  stop();
}

void Profile::stop() {
  if (!running_) return;
  move_to(place_, phase_);
  running_ = false;
  current = previous_;
}

std::size_t Profile::entry(const std::string& path) {
  const std::string name = module_of(path);
  const auto [place, is_new] = index_.emplace(name, entries_.size());
  if (is_new) entries_.push_back({.name = name});
  return place->second;
}

void Profile::move_to(std::size_t entry, double Entry::*phase) {
  backend(device_).memory.synchronize(device_.index);
  const Clock::time_point now = Clock::now();
  entries_[place_].*phase_ += std::chrono::duration<double>(now - since_).count();
  since_ = now;
  place_ = entry;
  phase_ = phase;
}

void Profile::forward_of(const std::string& path) {
  if (current != nullptr) current->move_to(current->entry(path), &Entry::forward);
}

void Profile::backward_of(const Node* node) {
  if (current == nullptr) return;
  const std::size_t place = current->entry(node ? node->name : "");
  current->move_to(place, &Entry::backward);
  if (!node) return;
  Entry& entry = current->entries_[place];
  entry.gradient = true;
  entry.input_gradient =
      entry.input_gradient || (!node->inputs.empty() && node->inputs.front().requires_grad());
}

}  // namespace voxgrad
