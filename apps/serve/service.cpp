#include "apps/serve/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "apps/serve/json_answers.h"
#include "apps/serve/volume_files.h"
#include "apps/serve/web_files.h"
#include "io/base64.h"
#include "pix2vox/prediction/photo.h"
#include "pix2vox/prediction/volume_check.h"
#include "pix2vox/report/web_files.h"
#include "tensor/error.h"
#include "voxels/image/codecs.h"
#include "voxels/image/contact_sheet.h"

namespace voxgrad::apps {
namespace {

using Json = nlohmann::ordered_json;

/// A request that cannot be answered: 400, or 415 and others where that is said.
class BadRequest : public Error {
 public:
  explicit BadRequest(const std::string& what, int status = 400) : Error(what), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

std::optional<double> number_in(const HttpRequest& request, const std::string& name, double low,
                                double high) {
  const std::string text = request.parameter(name);
  if (text.empty()) return {};
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= low && value <= high))
    throw BadRequest(concat(name, " is a number from ", low, " to ", high));
  return value;
}

double threshold_in(const HttpRequest& request, double other) {
  return number_in(request, "threshold", 0, 1).value_or(other);
}

std::string packed(const VoxelGrid& grid) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(grid.values.size());
  for (const float p : grid.values)
    bytes.push_back(std::uint8_t(std::lround(std::clamp(p, 0.0f, 1.0f) * 255)));
  return base64(bytes);
}

VoxelGrid grid_of(const HttpRequest& request) {
  const int n = int(std::lround(std::cbrt(double(request.body.size()))));
  if (n < 1 || n > 128 || std::size_t(n) * std::size_t(n) * std::size_t(n) != request.body.size())
    throw BadRequest("the body is a volume of n*n*n bytes, n at most 128");
  VoxelGrid grid(n);
  for (std::size_t i = 0; i < request.body.size(); ++i)
    grid.values[i] = float(request.body[i]) / 255;
  return grid;
}

struct PictureBytes {
  std::string name;  // for messages
  std::span<const std::uint8_t> bytes;
};

/// The body, or the files of a form.
std::vector<PictureBytes> pictures_in(const HttpRequest& request, std::size_t max_views) {
  std::vector<PictureBytes> pictures;
  if (request.header("content-type").starts_with("multipart/")) {
    constexpr std::size_t other_parts = 8;
    for (const FormPart& part : form_parts(request, max_views + other_parts))
      if (!part.filename.empty())
        pictures.push_back({concat("picture ", pictures.size() + 1), part.data});
  } else if (!request.body.empty()) {
    pictures.push_back({"the picture", request.body});
  }
  if (pictures.empty()) throw BadRequest("no picture was sent");
  if (pictures.size() > max_views)
    throw BadRequest(concat("at most ", max_views, " pictures of one object"));
  return pictures;
}

std::string picture_uri(const Image& picture) {
  return "data:image/png;base64," + base64(encode_png(picture));
}

/// Small enough for a page.
Image thumbnail(const Image& picture) {
  constexpr double largest = 256;
  const double scale = largest / std::max(picture.width, picture.height);
  if (scale >= 1) return picture;
  return resized(picture, std::max(1, int(std::lround(picture.width * scale))),
                 std::max(1, int(std::lround(picture.height * scale))));
}

Json view_json(const PreparedPhoto& photo, const Image& input) {
  Json findings = Json::array();
  for (const Finding& finding : photo.findings)
    findings.push_back(
        {{"fault", name_of(finding.fault)}, {"text", finding.text}, {"mended", finding.mended}});
  return {{"found_by", words_of(photo.cut_out)},
          {"reframed", photo.reframed},
          {"findings", findings},
          {"cut_out", picture_uri(thumbnail(photo.picture))},
          {"input", picture_uri(input)}};
}

void replace(std::string& text, const std::string& mark, std::string_view with) {
  const std::size_t at = text.find(mark);
  check(at != std::string::npos, "[serve] the page has no ", mark);
  text.replace(at, mark.size(), with);
}

std::string make_page() {
  std::string page(web::serve_html);
  replace(page, "/*styles*/", concat(web::page_css, web::serve_css));
  replace(page, "/*scripts*/", concat(web::viewer_js, web::files_js, web::serve_js));
  return page;
}

HttpResponse method_not_allowed(const std::string& allowed) {
  HttpResponse answer = error_answer(405, "this address takes " + allowed);
  answer.headers.emplace_back("Allow", allowed);
  return answer;
}

}  // namespace

Service::Service(Predictor& predictor, const ServiceOptions& options)
    : predictor_(predictor),
      options_(options),
      guard_(options.address),
      queue_(options.max_waiting) {
  const int size = int(predictor.config().model.image_size);
  queue_.submit([this, size] {
    try {
      predictor_.predict({Image(size, size, 3)});
    } catch (const std::exception&) {
      // The first one who asks is told.
    }
  });
}

void Service::operator()(std::shared_ptr<const HttpRequest> request, HttpServer::Respond respond) {
  const std::string &path = request->path, &method = request->method;
  const bool reads = method == "GET" || method == "HEAD";
  if (std::optional<HttpResponse> refusal = guard_.refusal(*request)) {
    respond(*std::move(refusal));
  } else if (path == "/") {
    respond(reads ? page() : method_not_allowed("GET, HEAD"));
  } else if (path == "/api/v1/model") {
    respond(reads ? model() : method_not_allowed("GET, HEAD"));
  } else if (path == "/api/v1/predict") {
    if (method == "POST")
      enqueue(std::move(request), std::move(respond), &Service::predict);
    else
      respond(method_not_allowed("POST"));
  } else if (path == "/api/v1/export") {
    if (method == "POST")
      enqueue(std::move(request), std::move(respond), &Service::export_file);
    else
      respond(method_not_allowed("POST"));
  } else {
    respond(error_answer(404, "there is nothing at this address: / has the page"));
  }
}

void Service::enqueue(std::shared_ptr<const HttpRequest> request, HttpServer::Respond respond,
                      HttpResponse (Service::*work)(const HttpRequest&)) {
  const bool taken = queue_.submit([this, request, respond, work] {
    try {
      respond((this->*work)(*request));
    } catch (const BadRequest& error) {
      respond(error_answer(error.status(), error.what()));
    } catch (const DeviceError& error) {
      respond(error_answer(503, error.what()));
    } catch (const Error& error) {
      respond(error_answer(422, error.what()));
    } catch (const std::bad_alloc&) {
      respond(error_answer(503, "not enough memory for this request"));
    } catch (const std::exception& error) {
      respond(error_answer(500, error.what()));
    }
  });
  if (taken) return;
  HttpResponse busy = error_answer(503, "too many requests are waiting: try again");
  busy.headers.emplace_back("Retry-After", concat(queue_.seconds_to_wait()));
  respond(std::move(busy));
}

HttpResponse Service::page() const {
  static const std::string text = make_page();
  return {200,
          "text/html; charset=utf-8",
          text,
          {{"Content-Security-Policy",
            "default-src 'none'; img-src 'self' data: blob:; style-src 'unsafe-inline'; "
            "script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"},
           {"X-Content-Type-Options", "nosniff"},
           {"Referrer-Policy", "no-referrer"},
           {"Cross-Origin-Resource-Policy", "same-origin"},
           {"Cache-Control", "no-store"}}};
}

HttpResponse Service::model() const {
  const ModelConfig& config = predictor_.config().model;
  return json_answer({{"weights", options_.weights_name},
                      {"variant", config.variant},
                      {"name", config.full_name()},
                      {"n_vox", config.n_vox},
                      {"image_size", config.image_size},
                      {"threshold", predictor_.threshold()},
                      {"max_views", options_.max_views},
                      {"formats", volume_formats()}});
}

std::vector<PreparedPhoto> Service::photos_of(const HttpRequest& request,
                                              std::vector<std::string>& warnings) const {
  const std::vector<PictureBytes> sent = pictures_in(request, options_.max_views);
  std::vector<PreparedPhoto> photos;
  std::size_t pixels = 0;
  for (const PictureBytes& each : sent) {
    std::vector<std::string> damage;
    Image picture;
    try {
      picture = decode_image(each.bytes, each.name, &damage);
    } catch (const Error& error) {
      throw BadRequest(error.what(), 415);
    }
    pixels += std::size_t(picture.width) * std::size_t(picture.height);
    if (pixels > options_.max_pixels)
      throw BadRequest(
          concat("the pictures have more than ", options_.max_pixels, " pixels together"), 413);
    photos.push_back(prepare_photo(picture, predictor_.framing()));
    for (const std::string& text : damage) warnings.push_back(concat(each.name, ": ", text));
  }
  return photos;
}

HttpResponse Service::predict(const HttpRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  const double threshold = threshold_in(request, predictor_.threshold());
  std::vector<std::string> warnings;
  const std::vector<PreparedPhoto> photos = photos_of(request, warnings);
  std::vector<Image> pictures;
  for (const PreparedPhoto& photo : photos) pictures.push_back(photo.picture);
  const Predictor::Result result = predictor_.predict(pictures);
  const std::string problem = inspect_volume(result.probabilities, threshold);
  if (!problem.empty()) warnings.push_back(problem);
  Json views = Json::array();
  for (std::size_t v = 0; v < photos.size(); ++v)
    views.push_back(view_json(photos[v], result.inputs[v]));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return json_answer({{"n", result.probabilities.n},
                      {"threshold", threshold},
                      {"occupied", result.probabilities.count(threshold)},
                      {"volume", packed(result.probabilities)},
                      {"views", views},
                      {"warnings", warnings},
                      {"seconds", took.count()}});
}

HttpResponse Service::export_file(const HttpRequest& request) {
  const VoxelGrid grid = grid_of(request);
  const double threshold = threshold_in(request, predictor_.threshold());
  const std::string format = request.parameter("format", "glb");
  const std::vector<std::string> formats = volume_formats();
  if (std::ranges::find(formats, format) == formats.end())
    throw BadRequest(fmt::format("format is one of {}", fmt::join(formats, ", ")));
  const std::string surface = request.parameter("surface", "smooth");
  if (surface != "smooth" && surface != "blocks") throw BadRequest("surface is smooth or blocks");
  const std::vector<std::uint8_t> bytes =
      volume_file(grid, {.format = format,
                         .threshold = threshold,
                         .smooth = surface == "smooth",
                         .size_mm = number_in(request, "size_mm", 0.001, 1e6)});
  return {200,
          media_type(format),
          std::string(bytes.begin(), bytes.end()),
          {{"Content-Disposition", "attachment; filename=\"object." + format + "\""},
           {"X-Content-Type-Options", "nosniff"},
           {"Cache-Control", "no-store"}}};
}

}  // namespace voxgrad::apps
