# doxygen.awk: the C header as Doxygen wants it (FILTER_PATTERNS), with common.awk
# and comments.awk before it. The comments stay as they are; this adds the marks
# that Doxygen needs to see in them what a reader sees: labels, tables, sections,
# what is private.

function out_line(line) {
  print line
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
