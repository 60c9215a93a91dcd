// pix2vox completion, pix2vox manual: what is installed beside the program
#include <iostream>

#include "apps/command_line/completion.h"
#include "apps/command_line/manual.h"
#include "apps/command_line/version.h"
#include "apps/verbs/verbs.h"

namespace voxgrad::apps {
namespace {

int print_completion(const VerbEntry& program, const std::string& shell) {
  if (shell == "bash")
    std::cout << bash_completion(program);
  else if (shell == "zsh")
    std::cout << zsh_completion(program);
  else
    std::cout << fish_completion(program);
  return kOk;
}

}  // namespace

void add_completion(Verb& app, Action& action) {
  const auto shell = std::make_shared<std::string>();
  Verb* verb = app.add_subcommand("completion", "Print a script that completes pix2vox in a shell");
  verb->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->one_of({"bash", "zsh", "fish"});
  verb->footer(
      "Examples:\n"
      "  source <(pix2vox completion bash)\n"
      "  pix2vox completion zsh > ~/.zfunc/_pix2vox\n"
      "  pix2vox completion fish > ~/.config/fish/completions/pix2vox.fish");
  verb->callback([shell, &app, &action] {
    action = [shell, &app] { return print_completion(app.describe(), *shell); };
  });
}

void add_manual(Verb& app, Action& action) {
  Verb* verb = app.add_subcommand("manual", "Print the manual page, for man");
  verb->footer(
      "Example:\n"
      "  pix2vox manual > pix2vox.1 && man ./pix2vox.1");
  verb->callback([&app, &action] {
    action = [&app] {
      std::cout << manual_page(app.describe(), version());
      return kOk;
    };
  });
}

}  // namespace voxgrad::apps
