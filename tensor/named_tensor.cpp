#include "tensor/named_tensor.h"

#include <map>

namespace voxgrad {

void load_named(const std::vector<NamedTensor>& own, const std::vector<NamedTensor>& offered,
                const std::string& problem, const std::string& owner) {
  std::map<std::string, Tensor> by_name;
  std::string differences;
  for (const auto& [name, tensor] : offered)
    if (!by_name.emplace(name, tensor).second) differences += "\n  twice: " + name;
  std::map<std::string, Tensor> extra = by_name;
  for (const auto& [name, tensor] : own) {
    extra.erase(name);
    const auto found = by_name.find(name);
    if (found == by_name.end())
      differences += concat("\n  missing: ", name, ' ', tensor.shape());
    else if (found->second.shape() != tensor.shape())
      differences += concat("\n  wrong shape: ", name, " is ", found->second.shape(), ", ", owner,
                            " has ", tensor.shape());
  }
  for (const auto& [name, tensor] : extra)
    differences += concat("\n  not in ", owner, ": ", name, ' ', tensor.shape());
  check(differences.empty(), problem, differences);
  for (const auto& [name, tensor] : own)
    tensor.copy_from(by_name.at(name).to(tensor.device()).to(tensor.dtype()));
}

}  // namespace voxgrad
