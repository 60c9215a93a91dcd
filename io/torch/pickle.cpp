#include "io/torch/pickle.h"

#include <bit>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "io/torch/pickle_globals.h"
#include "tensor/error.h"

namespace voxgrad::torch_io {
namespace {

constexpr int max_depth = 100;
constexpr std::size_t max_text = 1 << 20;  // bytes of one string

/// Opcodes by their byte, as Python's pickletools names them.
enum Opcode : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kEmptyList = ']',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kEmptyTuple = ')',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kBinFloat = 'G',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kProto = 0x80,
  kNewObj = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
};

class Machine {
 public:
  Machine(const std::string& name, std::span<const std::uint8_t> bytes)
      : name_(name), bytes_(bytes) {}

  Pickle run() {
    while (true) {
      start_ = at_;
      const auto opcode = Opcode(byte());
      if (opcode == kStop) break;
      step(opcode);
    }
    check(stack_.size() == 1 && marks_.empty(), where(), ": ends with ", stack_.size(),
          " values on its stack");
    check_tree(*stack_[0], 0);
    pickle_.set_root(stack_[0]);
    return std::move(pickle_);
  }
  std::size_t used() const { return at_; }

 private:
  std::string where() const { return concat(name_, ": pickle, byte ", start_); }

  std::uint8_t byte() { return take(1)[0]; }
  std::span<const std::uint8_t> take(std::uint64_t count) {
    check(count <= bytes_.size() - at_, where(), ": cut off");
    const auto part = bytes_.subspan(at_, std::size_t(count));
    at_ += std::size_t(count);
    return part;
  }
  /// Little-endian, without sign.
  std::uint64_t number(int bytes) {
    std::uint64_t value = 0;
    const auto part = take(std::uint64_t(bytes));
    for (int i = 0; i < bytes; ++i) value |= std::uint64_t(part[std::size_t(i)]) << (8 * i);
    return value;
  }
  std::string text(std::uint64_t length) {
    check(length <= max_text, where(), ": a text of ", length, " bytes");
    const auto part = take(length);
    return {part.begin(), part.end()};
  }
  std::string line() {
    std::string result;
    for (std::uint8_t c = byte(); c != '\n'; c = byte()) {
      check(result.size() < 256, where(), ": a name of more than 256 bytes");
      result.push_back(char(c));
    }
    return result;
  }

  template <class T>
  void push(T data) {
    push_ref(pickle_.make(std::move(data)));
  }
  void push_ref(PickleRef value) { stack_.push_back(value); }
  PickleRef pop() {
    const std::size_t floor = marks_.empty() ? 0 : marks_.back();
    check(stack_.size() > floor, where(), ": takes a value from an empty stack");
    const PickleRef value = stack_.back();
    stack_.pop_back();
    return value;
  }
  PickleValue& top() {
    check(!stack_.empty() && (marks_.empty() || stack_.size() > marks_.back()), where(),
          ": looks at an empty stack");
    return *stack_.back();
  }
  std::vector<PickleRef> pop_to_mark() {
    check(!marks_.empty(), where(), ": looks for a mark that is not there");
    const auto begin = stack_.begin() + std::ptrdiff_t(marks_.back());
    std::vector<PickleRef> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
  }

  void push_tuple(std::size_t count) {
    PickleList tuple{std::vector<PickleRef>(count), true};
    for (std::size_t i = count; i > 0; --i) tuple.items[i - 1] = pop();
    push(std::move(tuple));
  }
  void push_global(const std::string& module, const std::string& global) {
    std::string both = module + " " + global;
    check(is_allowed(both), where(), ": the name '", module, ".", global,
          "' is not on the list of what weights may use; nothing was executed");
    push(PickleGlobal{std::move(both)});
  }
  void append(const std::vector<PickleRef>& items) {
    auto* const list = top().get<PickleList>();
    check(list && !list->tuple, where(), ": appends to something that is no list");
    list->items.insert(list->items.end(), items.begin(), items.end());
  }
  void set_items(const std::vector<PickleRef>& items) {
    auto* const dict = top().get<PickleDict>();
    check(dict != nullptr, where(), ": sets items of something that is no dictionary");
    check(items.size() % 2 == 0, where(), ": a key without a value");
    for (std::size_t i = 0; i < items.size(); i += 2)
      dict->items.emplace_back(items[i], items[i + 1]);
  }
  void put(std::uint64_t index) {
    check(!stack_.empty() && index <= start_, where(), ": memo ", index);
    memo_[index] = stack_.back();
  }
  void get(std::uint64_t index) {
    const auto found = memo_.find(index);
    check(found != memo_.end(), where(), ": memo ", index, " is empty");
    push_ref(found->second);
  }
  void reduce() {
    const PickleRef arguments = pop(), callee = pop();
    auto* const list = arguments->get<PickleList>();
    const auto* const global = callee->get<PickleGlobal>();
    check(list && list->tuple && global, where(), ": calls something that cannot be called");
    push_ref(call_global(pickle_, where(), global->name, *list));
  }
  void build() {
    const PickleRef state = pop();
    build_global(where(), top(), *state);
  }
  void long_integer() {
    const int length = byte();
    check(length <= 8, where(), ": an integer of ", length, " bytes");
    if (length == 0) return push(std::int64_t{0});
    const std::uint64_t bits = number(length);
    const int shift = 64 - 8 * length;
    push(std::int64_t(bits << shift) >> shift);
  }
  void float_number() {  // big-endian
    std::uint64_t bits = 0;
    for (const std::uint8_t part : take(8)) bits = bits << 8 | part;
    push(std::bit_cast<double>(bits));
  }

  void step(Opcode opcode) {
    switch (opcode) {
      case kProto: {
        const int version = byte();
        check(version <= 5, where(), ": protocol ", version);
        return;
      }
      case kFrame:
        return void(number(8));
      case kMark:
        return marks_.push_back(stack_.size());
      case kNone:
        return push(std::monostate{});
      case kNewTrue:
        return push(true);
      case kNewFalse:
        return push(false);
      case kBinInt:
        return push(std::int64_t(std::int32_t(std::uint32_t(number(4)))));
      case kBinInt1:
        return push(std::int64_t(number(1)));
      case kBinInt2:
        return push(std::int64_t(number(2)));
      case kLong1:
        return long_integer();
      case kBinFloat:
        return float_number();
      case kShortBinString:
      case kShortBinBytes:
      case kShortBinUnicode:
        return push(text(number(1)));
      case kBinUnicode:
      case kBinBytes:
        return push(text(number(4)));
      case kBinUnicode8:
        return push(text(number(8)));
      case kEmptyList:
      case kEmptySet:
        return push(PickleList{});
      case kEmptyDict:
        return push(PickleDict{});
      case kEmptyTuple:
        return push_tuple(0);
      case kTuple1:
        return push_tuple(1);
      case kTuple2:
        return push_tuple(2);
      case kTuple3:
        return push_tuple(3);
      case kTuple:
        return push(PickleList{pop_to_mark(), true});
      case kAppend:
        return append({pop()});
      case kAppends:
      case kAddItems:
        return append(pop_to_mark());
      case kSetItem: {
        const PickleRef value = pop(), key = pop();
        return set_items({key, value});
      }
      case kSetItems:
        return set_items(pop_to_mark());
      case kBinGet:
        return get(number(1));
      case kLongBinGet:
        return get(number(4));
      case kBinPut:
        return put(number(1));
      case kLongBinPut:
        return put(number(4));
      case kMemoize:
        return put(memo_.size());
      case kGlobal: {
        const std::string module = line();
        return push_global(module, line());
      }
      case kStackGlobal: {
        const PickleRef global = pop(), module = pop();
        const auto *const a = module->get<std::string>(), *const b = global->get<std::string>();
        check(a && b, where(), ": a name that is no text");
        return push_global(*a, *b);
      }
      case kStop:
        return;  // ends run()
      case kReduce:
      case kNewObj:
        return reduce();
      case kBuild:
        return build();
      case kBinPersId:
        return push(storage_of(where(), *pop()));
    }
    fail(where(), ": opcode 0x", std::hex, int(opcode),
         " is not among those that weights use; nothing was executed");
  }

  /// Refuses what contains itself or is too deep. What is shared is looked at once per depth, so
  /// that the number of visits is bounded.
  void check_tree(PickleValue& value, int depth) {
    check(depth <= max_depth, name_, ": values nested more than ", max_depth,
          " levels deep, or one that contains itself");
    const auto [known, is_new] = seen_.try_emplace(&value, depth);
    if (!is_new && known->second >= depth) return;
    known->second = depth;
    if (auto* const list = value.get<PickleList>())
      for (const PickleRef& item : list->items) check_tree(*item, depth + 1);
    if (auto* const dict = value.get<PickleDict>())
      for (const auto& [key, item] : dict->items) {
        check_tree(*key, depth + 1);
        check_tree(*item, depth + 1);
      }
  }

  const std::string& name_;
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0, start_ = 0;
  Pickle pickle_;
  std::vector<PickleRef> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, PickleRef> memo_;
  std::unordered_map<const PickleValue*, int> seen_;
};

}  // namespace

Pickle read_pickle(const std::string& name, std::span<const std::uint8_t> bytes,
                   std::size_t& used) {
  Machine machine(name, bytes);
  Pickle result = machine.run();
  used = machine.used();
  return result;
}

}  // namespace voxgrad::torch_io
