// pix2vox serve
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "apps/command_line/shipped_models.h"
#include "apps/serve/service.h"
#include "apps/terminal/signals.h"
#include "apps/verbs/verbs.h"

namespace voxgrad::apps {
namespace {

struct ServeFlags {
  std::string weights;
  std::string address = "127.0.0.1";
  int port = 8080;
  DeviceFlags device;
};

int serve(const ServeFlags& flags) {
  const std::atomic<bool>& stop = watch_signals(
      "\nstopping: requests at hand are still answered; a second signal stops at once\n");
  const Device device = flags.device.apply();
  const std::filesystem::path weights = weights_or_shipped(flags.weights);
  Predictor predictor(weights, device);
  Service service(predictor,
                  {.address = flags.address, .weights_name = weights.filename().string()});
  HttpServer server({.address = flags.address, .port = flags.port},
                    [&](std::shared_ptr<const HttpRequest> request, HttpServer::Respond respond) {
                      service(std::move(request), std::move(respond));
                    });
  const bool six = flags.address.find(':') != std::string::npos;
  std::cout << fmt::format("http://{}:{}/", six ? "[" + flags.address + "]" : flags.address,
                           server.port())
            << std::endl;
  std::cerr << "serving until Ctrl-C\n";
  server.run(stop);
  return signal_exit_code();
}

}  // namespace

void add_serve(Verb& app, Action& action) {
  auto flags = std::make_shared<ServeFlags>();
  Verb* verb = app.add_subcommand(
      "serve", "Serve a page that turns pictures into voxels and meshes; prints its address");
  verb->add_option("--weights", flags->weights,
                   "Checkpoint [the weights that come with the program]")
      ->type_name("FILE");
  verb->add_option("--port", flags->port, "Port; 0 takes a free one")
      ->range(0, 65535)
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--address", flags->address,
                   "Address to listen at; 0.0.0.0 lets other machines in, without any password")
      ->type_name("ADDRESS")
      ->capture_default_str();
  flags->device.add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox serve\n"
      "  pix2vox serve --weights runs/first/checkpoints/best.h5 --port 8081\n"
      "  curl --data-binary @chair.png http://127.0.0.1:8080/api/v1/predict\n"
      "  curl -F view=@front.png -F view=@side.png http://127.0.0.1:8080/api/v1/predict\n"
      "Only programs of this machine reach it, and no page of another site, unless\n"
      "--address says otherwise. Ctrl-C, SIGTERM and SIGHUP end it.");
  verb->callback([flags, &action] { action = [flags] { return serve(*flags); }; });
}

}  // namespace voxgrad::apps
