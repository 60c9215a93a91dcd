#include "autograd/variable.h"

#include "autograd/profile.h"
#include "autograd/state.h"
#include "tensor/ops/backend.h"

namespace voxgrad {

namespace {

thread_local bool grad_mode = true;
thread_local bool finite_check = false;
thread_local std::string scope_path;

const Tensor& undefined_tensor() {
  static const Tensor none;
  return none;
}

}  // namespace

void check_finite(const Tensor& tensor, const char* what, const std::string& node) {
  if (!finite_check || !tensor.defined()) return;
  if (tensor.dtype() == DType::i64 || tensor.dtype() == DType::u8) return;
  check(backend(tensor.device()).reduce.all_finite(tensor), "[anomaly] ", what, " of ", node,
        " is the first to hold a NaN or an infinity, shape ", tensor.shape());
}

Variable::State::~State() {
  std::vector<std::shared_ptr<Node>> pending;
  if (node) pending.push_back(std::move(node));
  while (!pending.empty()) {
    const std::shared_ptr<Node> last = std::move(pending.back());
    pending.pop_back();
    if (last.use_count() > 1) continue;  // somebody else still needs it
    last->backward = nullptr;
    for (const Variable& input : last->inputs)
      if (input.state_ && input.state_.use_count() == 1 && input.state_->node)
        pending.push_back(std::move(input.state_->node));
  }
}

Variable::Variable(Tensor value, bool requires_grad) : state_(std::make_shared<State>()) {
  state_->value = std::move(value);
  state_->requires_grad = requires_grad;
}

const Tensor& Variable::value() const {
  check(defined(), "[variable] value of an undefined Variable");
  return state_->value;
}

bool Variable::requires_grad() const {
  return defined() && state_->requires_grad;
}

void Variable::set_requires_grad(bool requires_grad) {
  check(defined() && !state_->node, "[variable] only leaves can be frozen or unfrozen");
  state_->requires_grad = requires_grad;
}

const Tensor& Variable::grad() const {
  return defined() ? state_->grad : undefined_tensor();
}

void Variable::zero_grad() {
  if (defined()) state_->grad = Tensor();
}

void Variable::set_value(Tensor value) {
  check(defined() && !state_->node, "[variable] only leaves can get a new value");
  check(!state_->value.defined() || state_->value.shape() == value.shape(),
        "[variable] a new value must keep the shape ", state_->value.shape(), ", got ",
        value.shape());
  state_->value = std::move(value);
  state_->grad = Tensor();
  state_->cache = {};
}

const std::shared_ptr<Node>& Variable::node() const {
  static const std::shared_ptr<Node> none;
  return defined() ? state_->node : none;
}

Variable make_result(Tensor value, std::string name, std::vector<Variable> inputs,
                     BackwardFunction backward) {
  if (finite_check) check_finite(value, "forward", scope_path + name);
  Variable result(std::move(value));
  bool wanted = false;
  for (const Variable& input : inputs) wanted = wanted || input.requires_grad();
  if (!grad_mode || !wanted) return result;
  result.state_->requires_grad = true;
  result.state_->node = std::make_shared<Node>(
      Node{scope_path + std::move(name), std::move(inputs), std::move(backward)});
  return result;
}

bool needs_history(std::initializer_list<const Variable*> inputs) {
  if (!grad_mode) return false;
  for (const Variable* input : inputs)
    if (input->requires_grad()) return true;
  return false;
}

NoGrad::NoGrad() : previous_(grad_mode) {
  grad_mode = false;
}
NoGrad::~NoGrad() {
  grad_mode = previous_;
}
bool grad_enabled() {
  return grad_mode;
}

NameScope::NameScope(const std::string& name) : previous_length_(scope_path.size()) {
  if (name.empty()) return;
  // Module names are joined by dots, and a slash sets the function apart: "encoder.layer1.0/conv".
  if (!scope_path.empty()) scope_path.back() = '.';
  scope_path += name;
  scope_path += '/';
  Profile::forward_of(scope_path);
}

NameScope::~NameScope() {
  scope_path.resize(previous_length_);
  if (!scope_path.empty()) scope_path.back() = '/';
  Profile::forward_of(scope_path);
}

const std::string& NameScope::path() {
  return scope_path;
}

FiniteCheck::FiniteCheck() : previous_(finite_check) {
  finite_check = true;
}
FiniteCheck::~FiniteCheck() {
  finite_check = previous_;
}
bool finite_check_enabled() {
  return finite_check;
}

}  // namespace voxgrad
