// Bytes as HTTP requests, and as forms.
#include <algorithm>
#include <cstdint>
#include <span>

#include "io/http/message.h"
#include "tensor/error.h"

using namespace voxgrad;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  HttpReader reader({.max_head = 4096, .max_headers = 16, .max_body = 4096});
  std::span<const std::uint8_t> rest(data, size);
  while (!rest.empty()) {
    // Pieces of uneven sizes, as they arrive.
    const std::size_t piece = std::min<std::size_t>(rest.size(), 1 + rest.size() % 7);
    rest = rest.subspan(reader.feed(rest.first(piece)));
    if (reader.state() == HttpReader::State::failed) break;
    if (reader.state() != HttpReader::State::complete) continue;
    reader.request().parameter("threshold");
    try {
      for (const FormPart& part : form_parts(reader.request(), 4))
        if (part.data.size() > size) __builtin_trap();
    } catch (const Error&) {
    }
    reader.reset();
  }
  HttpRequest form;
  form.headers = {{"content-type", "multipart/form-data; boundary=X"}};
  form.body.assign(data, data + size);
  try {
    form_parts(form, 4);
  } catch (const Error&) {
  }
  return 0;
}
