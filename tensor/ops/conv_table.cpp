#include "tensor/ops/conv_table.h"

namespace voxgrad {
namespace {

/// visit(algorithm) in order of preference until it returns true; false if it never does.
template <class Visit>
bool visit_in_order(std::span<const ConvAlgorithm> algorithms, const ConvAlgorithm* forced,
                    const ConvProblem& problem, bool packed, const Visit& visit) {
  if (forced && forced->supports(problem) && visit(*forced)) return true;
  for (const bool any : {false, true})
    for (const ConvAlgorithm& each : algorithms)
      if (&each != forced && each.supports(problem) && each.preferred(problem, packed) != any &&
          visit(each))
        return true;
  return false;
}

}  // namespace

void ConvTable::run(const ConvProblem& problem, const ConvOperands& operands) const {
  const bool done = visit_in_order(
      algorithms_, forced_, problem, operands.packed != nullptr,
      [&](const ConvAlgorithm& algorithm) { return algorithm.run(problem, operands); });
  check(done, "[conv] no algorithm for ", problem);
}

const ConvAlgorithm& ConvTable::choose(const ConvProblem& problem, bool packed) const {
  const ConvAlgorithm* result = nullptr;
  visit_in_order(algorithms_, forced_, problem, packed, [&](const ConvAlgorithm& algorithm) {
    result = &algorithm;
    return true;
  });
  check(result != nullptr, "[conv] no algorithm for ", problem);
  return *result;
}

bool ConvTable::force(const std::string& name) {
  forced_ = nullptr;
  for (const ConvAlgorithm& each : algorithms_)
    if (name == each.name) forced_ = &each;
  return forced_ != nullptr || name.empty();
}

std::string ConvTable::names() const {
  std::string result;
  for (const ConvAlgorithm& each : algorithms_)
    result += (result.empty() ? "" : ", ") + std::string(each.name);
  return result;
}

}  // namespace voxgrad
