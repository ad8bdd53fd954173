# pages.awk: a page in Markdown as Doxygen wants it (FILTER_PATTERNS). Each page
# and each heading gets a name that is the same for each version of Doxygen;
# links go to these names; and functions in `code` link to their descriptions.
#
#   awk -v root=DIR -v header=FILE -f pages.awk DIR/README.md

# The name of what a path from the root of the sources leads to: "" has no page.
function page_of(path) {
  if (path == "README.md")
    return "index"
  if (path == "include/loopchan.h")
    return "contract"
  if (path ~ /^include\/loopchan[a-z_]*\.hpp$/) {
    gsub(/.*\/|\.hpp/, "", path)
    return path "_hpp"
  }
  if (path !~ /\.md$/)
    return ""
  sub(/(\/README)?\.md$/, "", path)
  gsub(/[^A-Za-z0-9]/, "_", path)
  return "page_" path
}

# A program's page has the name that Doxygen gives it.
function program_of(path) {
  if (path !~ /^examples\/([a-z_]+|guides\/[a-z_]+|coroutines\/w[a-z_]+)\.cc?$/)
    return ""
  gsub(/\//, "_2", path)
  gsub(/\./, "_8", path)
  return path "-example.html"
}

# As hosts of Markdown name a heading.
function slug(text) {
  text = tolower(text)
  gsub(/[^a-z0-9_ -]/, "", text)
  gsub(/ /, "-", text)
  return text
}

# The path from the root of what the file links to.
function resolve(target,   path) {
  path = folder target
  gsub(/(^|\/)\.\//, "/", path)
  while (match(path, /[^\/.]+\/\.\.\//))
    path = substr(path, 1, RSTART - 1) substr(path, RSTART + RLENGTH)
  return path
}

# The page that a page is below in the side bar: the README of its folder, or of
# the folder above, or the first page.
function above(path) {
  if (sub(/[a-z_]+\.md$/, "README.md", path) ||
      (path !~ /guides|tasks/ && sub(/\/[a-z_]+\/README\.md$/, "/README.md", path)))
    return path
  return "README.md"
}

# Whether this link is the one that puts the page below this page.
function is_below(path) {
  if (above(path) != here || (here == "README.md" && !in_map) || path in listed)
    return 0
  listed[path] = 1
  return 1
}

# "[text](target)" for Doxygen.
function link(text, target,   path, anchor, page) {
  if (target ~ /^https?:/)
    return "[" text "](" target ")"
  if (match(target, /#/)) {
    anchor = substr(target, RSTART + 1)
    target = substr(target, 1, RSTART - 1)
  }
  path = target == "" ? here : resolve(target)
  page = page_of(path)
  if (page != "" && anchor != "")
    return "[" text "](#" page "-" anchor ")"
  if (page != "" && is_below(path)) {
    gsub(/`/, "", text)
    return "@subpage " page " \"" text "\""
  }
  if (page == "index")
    return "[" text "](index.html)"
  if (page != "")
    return "[" text "](@ref " page ")"
  page = program_of(path)
  return page == "" ? text : "[" text "](" page ")"
}

# Text outside of code: its links. A picture is found by its name.
function text_of(line,   out, text, target, open) {
  while (match(line, /\]\([^) ]*\)/)) {
    target = substr(line, RSTART + 2, RLENGTH - 3)
    text = substr(line, 1, RSTART - 1)
    line = substr(line, RSTART + RLENGTH)
    for (open = length(text); open > 0; open--)
      if (substr(text, open, 1) == "[")
        break
    if (target ~ /\.svg$/) {
      sub(/.*\//, "", target)
      out = out text "](" target ")"
    } else
      out = out substr(text, 1, open - 1) link(substr(text, open + 1), target)
  }
  return out line
}

# Code in a text: `loopchan_send` becomes a link, unless it is in one; an
# apostrophe would end the code for Doxygen, without a second backtick.
function code_of(line,   out, part, n, i) {
  if (line ~ /``/)
    return line
  n = split(line, part, "`")
  out = part[1]
  for (i = 2; i + 1 <= n; i += 2) {
    if (part[i] in known && part[i - 1] !~ /\[$/)
      out = out "<code>[" part[i] "](@ref " part[i] ")</code>"
    else if (part[i] ~ /'/)
      out = out "``" part[i] "``"
    else
      out = out "`" part[i] "`"
    out = out part[i + 1]
  }
  return i <= n ? out "`" part[n] : out
}

BEGIN {
  while ((getline line <header) > 0)
    if (match(line, /(loopchan|LOOPCHAN)_[A-Za-z_]+\(/))
      known[substr(line, RSTART, RLENGTH - 1)] = 1
    else if (line ~ /^#define LOOPCHAN_(SHARED|LATEST|UNB|REND|FOREV|NO_S)/) {
      split(line, word, " ")
      known[word[2]] = 1
    }
}

NR == 1 {
  here = substr(FILENAME, length(root) + 2)
  folder = here
  sub(/[^\/]*$/, "", folder)
}

/^```/ {
  fenced = !fenced
}
fenced || /^    / {
  print
  next
}
/^#/ {
  in_map = /The map/
  name = $0
  sub(/^#+ /, "", name)
  gsub(/`/, "")
  if (here == "README.md") {
    # The side bar has no room for its sections.
    if (!/^# /)
      print "@anchor index-" slug(name) "\n"
    print
  } else
    print text_of($0) " {#" page_of(here) (/^# / ? "" : "-" slug(name)) "}"
  next
}
# A table whose columns have no names: see site.css.
/^\| \|[ |]*$/ {
  sub(/\| \|/, "| <span class=\"unnamed\"></span> |")
}
# What a picture shows, in one line.
/!\[[^\]]*$/ {
  begun = $0
  next
}
{
  if (begun != "")
    $0 = begun " " $0
  begun = ""
  print code_of(text_of($0))
}
