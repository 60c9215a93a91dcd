// pix2vox dataset look
#include <iostream>

#include "apps/verbs/dataset/parts.h"
#include "datasets/sheet.h"

namespace voxgrad::apps {

void add_dataset_look(Verb& parent, Action& action) {
  struct Flags {
    SourceFlags source;
    std::string out = "look.png";
    int objects = 6, view = 0;
  };
  auto flags = std::make_shared<Flags>();
  Verb* verb = parent.add_subcommand(
      "look", "Draw a sheet of pictures with their volumes over them: are the axes right?");
  flags->source.add(*verb);
  flags->source.add_split(*verb, "test");
  verb->add_option("--out", flags->out, "PNG to write")->type_name("FILE")->capture_default_str();
  verb->add_option("--objects", flags->objects, "Rows of the sheet, spread over the split")
      ->range(1, 64)
      ->capture_default_str();
  verb->add_option("--view", flags->view, "Which picture of an object")
      ->range(0, 1000)
      ->capture_default_str();
  verb->footer(
      "A row shows the picture with its box, the voxels over it as its camera sees them\n"
      "(faces along x red, along y green, along z blue; grey where the set knows no\n"
      "camera), and the voxels from the front, from the side and from the top.\n"
      "Examples:\n"
      "  pix2vox dataset look my-data --out my-data.png\n"
      "  pix2vox dataset look pix3d --kind pix3d --objects 12");
  verb->callback([flags, &action] {
    action = [flags] {
      const auto dataset = open_dataset(flags->source.source, flags->source.split);
      write_png(axes_sheet(*dataset, flags->objects, flags->view), flags->out);
      std::cout << flags->out << '\n';
      return int(kOk);
    };
  });
}

}  // namespace voxgrad::apps
