#include "pix2vox/report/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "pix2vox/report/run_data.h"
#include "pix2vox/report/web_files.h"
#include "pix2vox/training/metrics.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

using Json = nlohmann::ordered_json;

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  return result;
}

/// JSON inside a page: what would end the script is written otherwise.
std::string page_json(const Json& data) {
  std::string text;
  for (const char c : data.dump(-1, ' ', false, Json::error_handler_t::replace))
    if (c == '<')
      text += "\\u003c";
    else
      text += c;
  return text;
}

/// The page around the JSON.
struct Page {
  std::string before, after;
  std::size_t size() const { return before.size() + after.size(); }
};

Page page_around(const std::string& title) {
  Page page;
  page.before = concat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<title>",
      escaped(title), "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n", web::page_css,
      web::report_css, "</style>\n</head>\n<body>\n<header class=\"top\">\n<h1>", escaped(title),
      "</h1>\n<nav aria-label=\"Sections\"></nav>\n</header>\n<main id=\"report\"></main>\n"
      "<footer>Made by pix2vox report, ",
      time_of_day(), ".</footer>\n<script type=\"application/json\" id=\"data\">");
  page.after = concat("</script>\n<script>\n", web::charts_js, web::viewer_js, web::files_js,
                      web::report_js, "</script>\n</body>\n</html>\n");
  return page;
}

std::string title_of(const Json& runs) {
  std::string names;
  for (const Json& run : runs)
    names += (names.empty() ? "" : ", ") + run["name"].get<std::string>();
  return (runs.size() == 1 ? "Run " : "Runs ") + names;
}

/// Runs of one name are told apart by the folders above them.
void tell_apart(const std::vector<std::filesystem::path>& folders, Json& runs) {
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const auto same = [&](const auto& other) { return run_name(other) == run_name(folders[i]); };
    if (std::ranges::count_if(folders, same) > 1) runs[i]["name"] = folders[i].string();
  }
}

}  // namespace

std::string make_report(const std::vector<std::filesystem::path>& folders,
                        const ReportOptions& options) {
  check<ConfigError>(!folders.empty(), "[report] needs a run");
  Json runs = Json::array();
  for (const auto& folder : folders) runs.push_back(run_data(folder));
  tell_apart(folders, runs);
  const Page page = page_around(title_of(runs));
  // Room for notes that are still to come.
  const std::size_t taken = page.size() + page_json(runs).size() + 4096 * folders.size();
  const std::size_t left = options.max_bytes > taken ? options.max_bytes - taken : 0;
  for (std::size_t i = 0; i < folders.size(); ++i)
    add_samples(folders[i], left / folders.size(), runs[i]);
  return page.before + page_json(runs) + page.after;
}

void write_report(const std::vector<std::filesystem::path>& runs, const std::filesystem::path& file,
                  const ReportOptions& options) {
  const std::string page = make_report(runs, options);
  write_file_atomically(file, {reinterpret_cast<const std::uint8_t*>(page.data()), page.size()});
}

}  // namespace voxgrad
