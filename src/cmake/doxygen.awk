# doxygen.awk: the header as Doxygen wants it (INPUT_FILTER), with common.awk
# before it. The comments stay as they are; this adds the marks that Doxygen
# needs to see in them what a reader sees: labels, tables, sections, what is
# private.

# A program of the examples has a page, and so has a guide.
function linked(words,   out, path, page) {
  while (match(words, /examples\/[a-z_\/]+\.(c|cc|md)/)) {
    path = page = substr(words, RSTART, RLENGTH)
    if (sub(/\.md$/, "", page)) {
      gsub(/\//, "_", page)
      page = "page_" page ".html"
    } else {
      gsub(/\//, "_2", page)
      gsub(/\./, "_8", page)
      page = page "-example.html"
    }
    out = out substr(words, 1, RSTART - 1) "<a href=\"" page "\">" path "</a>"
    words = substr(words, RSTART + RLENGTH)
  }
  return out words
}

function text(words) {
  # A name that has a page links to it.
  gsub(/loopchan_[a-z_]*[a-z]/, "#&", words)
  gsub(/LOOPCHAN_(SHARED|LATEST|RENDEZVOUS|UNBOUNDED|FOREVER|NO_SPIN)/, "#&",
    words)
  words = linked(words)
  gsub(/std::sync::/, "%&", words)
  print words
}

# One line inside a comment.
function comment_line(words) {
  if (literal && (words == " *" || words ~ /^ \*\//)) {
    print "@endverbatim"
    literal = 0
  }
  if (literal)
    print substr(words, 3)
  else if (words ~ "^ [*] " LABELS " " && !/ Signals and fork/) {
    name = substr(words, 4, index(words, ":") - 4)
    sub(/^ \* [A-Z][a-z]+: +/, "", words)
    mark = name == "Returns" ? "@return" : name == "See" ? "@see" : ""
    print mark == "" ? " * @par " name : " * " mark
    text(" * " words)
    labelled = 1
  } else if (!labelled && words ~ /^ \*   +[^- ]/ && blank) {
    print "@verbatim"
    print substr(words, 3)
    literal = 1
  } else
    text(words)
  blank = words == " *"
}

BEGIN {
  group = "constants"
}

NR == 1 {
  print "/** @page contract The contract"
  sub(/^.*loopchan: c/, " * C")
  inside = 1
}

# How it is made public is not what is public.
/^#define LOOPCHAN_H$/ {
  print
  print "/** @file */"
  print "/** @cond */"
  next
}
/^#define LOOPCHAN_VERSION_MAJOR/ {
  print "/** @endcond */"
  print "/** @defgroup constants Constants and structs */"
  started = 1
  documented = 0
}

# Sections are groups: the index by task.
/^\/\* -+ / {
  sub(/^\/\* -+ /, "")
  sub(/ \*\/$/, "")
  group = $0
  gsub(/ /, "_", group)
  print "/** @defgroup " group " " toupper(substr($0, 1, 1)) substr($0, 2) " */"
  next
}

started && /^\/\*/ {
  inside = 1
  labelled = 0
  blank = 0
  if (/^\/\*\*/) {
    if (group == "constants") {
      print "/** @defgroup callbacks Callbacks */"
      group = "callbacks"
    }
    print "/** @ingroup " group
    next
  }
  if (group == "constants" || group == "callbacks")
    print "/** @ingroup constants"
  sub(/^\/\*/, group == "constants" || group == "callbacks" ? " *" : "/**")
}
# What has no comment of its own shares the one before.
started && group == "constants" && /^#define LOOPCHAN_[A-Z_]+ / {
  if (!documented)
    print "/** @ingroup constants\n" \
      (/VERSION/ ? "" : " * @copydoc " before "\n") " */"
  documented = 0
  before = $2
}

inside {
  comment_line($0)
  if (/\*\/$/) {
    inside = 0
    documented = 1
  }
  next
}

/^  \/\* private \*\/$/ {
  print "  /** @cond */"
  hidden = 1
  next
}
hidden && /^};/ {
  print "  /** @endcond */"
  hidden = 0
}
/; +\/\* / {
  sub(/\/\* /, "/**< ")
}
{
  print
}
