// What `pix2vox serve` answers:
//
//   GET  /                     the page
//   GET  /api/v1/model         what the model is: {"variant", "n_vox", "threshold", ...}
//   POST /api/v1/predict       pictures, the views of one object: one as the body, or several as a
//                              form's files; gives {"n", "threshold", "occupied", "volume",
//                              "views": [{"found_by", "findings", "cut_out", "input", ...}], ...}
//   POST /api/v1/export        a volume as predict gave it; gives a file: ?format=stl&threshold=0.3
//
// A volume is n*n*n bytes, round(255 p), [x][y][z], y up; in JSON in base64. Errors are
// {"error": what}. Nothing in a request names a file.
#pragma once

#include <atomic>
#include <string>

#include "apps/serve/guard.h"
#include "apps/serve/work_queue.h"
#include "io/http/server.h"
#include "pix2vox/prediction/photo.h"
#include "pix2vox/prediction/predictor.h"

namespace voxgrad::apps {

struct ServiceOptions {
  std::string address = "127.0.0.1";
  std::string weights_name;           // shown on the page
  std::size_t max_waiting = 32;       // predictions; 503 beyond that
  std::size_t max_views = 8;          // pictures of one object
  std::size_t max_pixels = 64 << 20;  // of all of them together
};

class Service {
 public:
  /// The predictor must outlive it. Makes a first prediction, so that the next one is quick.
  Service(Predictor& predictor, const ServiceOptions& options);

  /// For HttpServer.
  void operator()(std::shared_ptr<const HttpRequest> request, HttpServer::Respond respond);

 private:
  HttpResponse page() const;
  HttpResponse model() const;
  /// On the queue's thread.
  HttpResponse predict(const HttpRequest& request);
  HttpResponse export_file(const HttpRequest& request);
  std::vector<PreparedPhoto> photos_of(const HttpRequest& request,
                                       std::vector<std::string>& warnings) const;
  void enqueue(std::shared_ptr<const HttpRequest> request, HttpServer::Respond respond,
               HttpResponse (Service::*work)(const HttpRequest&));

  Predictor& predictor_;
  ServiceOptions options_;
  Guard guard_;
  WorkQueue queue_;  // last: its thread uses the others
};

}  // namespace voxgrad::apps
