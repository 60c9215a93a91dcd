#include "apps/command_line/manual.h"

#include <fmt/format.h>

namespace voxgrad::apps {
namespace {

/// Plain text as troff wants it: hyphens and backslashes escaped, no line that begins with a
/// command.
std::string plain(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins_line = i == 0 || text[i - 1] == '\n';
    if (begins_line && (text[i] == '.' || text[i] == '\'')) result += "\\&";
    if (text[i] == '-')
      result += "\\-";
    else if (text[i] == '\\')
      result += "\\e";
    else
      result += text[i];
  }
  return result;
}

/// Lines that are printed as they are, such as examples.
std::string verbatim(const std::string& text) {
  return text.empty() ? "" : ".PP\n.nf\n" + plain(text) + "\n.fi\n";
}

std::string flag_paragraph(const FlagEntry& flag) {
  std::string names;
  for (const std::string& name : flag.names)
    names += (names.empty() ? "" : ", ") + fmt::format("\\fB{}\\fR", plain(name));
  if (flag.takes_value && !flag.positional && !flag.value.empty())
    names += fmt::format(" \\fI{}\\fR", plain(flag.value));
  std::string help = plain(flag.help);
  if (flag.required) help += help.empty() ? "required" : " (required)";
  if (!flag.initial.empty()) help += fmt::format(" [{}]", plain(flag.initial));
  return ".TP\n" + names + "\n" + help + "\n";
}

std::string verb_section(const VerbEntry& verb) {
  std::string text = fmt::format(".SS pix2vox {}\n{}\n", plain(verb.path), plain(verb.summary));
  for (const FlagEntry& flag : verb.flags)
    if (flag.names.front() != "--help") text += flag_paragraph(flag);
  return text + verbatim(verb.footer);
}

}  // namespace

std::string manual_page(const VerbEntry& program, const std::string& version) {
  std::string text = fmt::format(
      ".TH PIX2VOX 1 \"\" \"Voxgrad {}\" \"User Commands\"\n.SH NAME\npix2vox \\- "
      "voxel models from pictures of an object\n.SH SYNOPSIS\n.B pix2vox\n.I "
      "VERB\n[\\fIflags\\fR]\n"
      ".SH DESCRIPTION\n{}\nResults go to standard output, everything else to standard error.\n",
      plain(version), plain(program.summary));
  for (const FlagEntry& flag : program.flags) text += flag_paragraph(flag);
  text += ".SH VERBS\n";
  visit_verbs(program, [&](const VerbEntry& verb) {
    if (!verb.path.empty() && verb.verbs.empty()) text += verb_section(verb);
  });
  text +=
      ".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage or configuration, 3 data check failed, 4 "
      "no "
      "such device or not enough memory, 130 and 143 interrupted after saving.\n"
      ".SH FILES\nA configuration that is not found as it is named (configs/Pix2Vox\\-F.yaml, "
      "Pix2Vox\\-F.yaml) is looked for in share/voxgrad/configs beside the program's bin folder.\n"
      ".SH EXAMPLES\n";
  return text + verbatim(program.footer).substr(4);
}

}  // namespace voxgrad::apps
