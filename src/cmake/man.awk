# man.awk: manual pages, section 3, from the comments of the header: one for
# each function, callback and macro that has a comment, and loopchan(3), which
# holds the rest and an index.
#
#   awk -v version=1.0.0 -v date='November 25, 2026' -v out=DIR -f common.awk \
#     -f man.awk include/loopchan.h
#
# Doxygen's own manual pages would not do. It makes a page for a group, not for a
# function (a group for each function would give one, without the #include, and
# in the HTML too); the page says the summary twice, as a list of one function
# and before its text; what is returned has no section of its own, SEE ALSO
# names no pages, there is no LIBRARY, an index is missing, and mandoc finds some
# twenty faults a page. And these pages are installed, so everyone who builds the
# library would need Doxygen.
#
# A comment is paragraphs, then labels ("Thread:    any."). Lines that are
# indented are literal, or a list when they begin with "- ".

# Text for mdoc: no backslash, no control line, each sentence on its own line,
# none too long, functions marked.
function put(text,   n, i, word, now) {
  gsub(/\\/, "\\e", text)
  n = split(text, word, " ")
  now = ""
  for (i = 1; i <= n; i++) {
    if (word[i] ~ /^[a-z_]+\(\)[.,;:]?$/) {
      if (now != "")
        line(now)
      now = ""
      sub(/\(\)/, " ", word[i])
      sub(/ $/, "", word[i])
      macro(".Fn " word[i])
    } else {
      if (length(now) + length(word[i]) > 76) {
        line(now)
        now = ""
      }
      now = now (now == "" ? "" : " ") word[i]
      if (word[i] ~ /[a-zA-Z0-9)>][.?!]$/) {
        line(now)
        now = ""
      }
    }
  }
  if (now != "")
    line(now)
}

function line(text) {
  if (text ~ /^[.']/)
    text = "\\&" text
  print text > page
}

function macro(text) {
  print text > page
}

# Ends what is open: a paragraph, a list, a literal block, labels.
function flush_text() {
  if (text != "")
    put(text)
  text = ""
}

function leave() {
  flush_text()
  if (mode == "literal")
    macro(".Ed")
  if (mode == "list" || mode == "labels")
    macro(".El")
  mode = ""
}

function enter(new, opening) {
  if (mode == new)
    return
  leave()
  mode = new
  if (opening != "")
    macro(opening)
}

# paragraph: text of its own, after what came before.
function paragraph(words) {
  if (mode != "text") {
    leave()
    if (begun)
      macro(".Pp")
    mode = "text"
  }
  begun = 1
  text = text (text == "" ? "" : " ") words
}

# label: Thread, Callback, ... in a list; the others have a section.
function label(name, words) {
  if (name == "Returns") {
    leave()
    macro(".Sh RETURN VALUES")
    mode = "text"
  } else if (name == "See") {
    leave()
    see = words
    mode = "see"
    return
  } else {
    enter("labels", ".Bl -tag -width Allocates")
    flush_text()
    macro(".It " name)
  }
  text = words
}

# One line of a comment, its " * " taken off.
function comment_line(words,   name) {
  if (words == "") {
    if (mode != "labels")
      leave()
  } else if (match(words, /^[A-Z][a-z]+: +/) && words ~ "^" LABELS) {
    name = substr(words, 1, index(words, ":") - 1)
    label(name, substr(words, RLENGTH + 1))
  } else if (mode == "see") {
    sub(/^ +/, "", words)
    see = see " " words
  } else if (words ~ /^ +- /) {
    enter("list", ".Bl -bullet -compact")
    flush_text()
    macro(".It")
    sub(/^ +- /, "", words)
    text = words
  } else if (mode == "list" || mode == "labels" || mode == "text") {
    sub(/^ +/, "", words)
    text = text (text == "" ? "" : " ") words
  } else if (words ~ /^  /) {
    enter("literal", ".Bd -literal")
    literal(substr(words, 3))
  } else
    paragraph(words)
}

function literal(words) {
  gsub(/\\/, "\\e", words)
  line(words)
}

function comment(   i) {
  begun = 0
  see = ""
  for (i = 1; i <= lines; i++)
    comment_line(said[i])
  leave()
}

# The name line: the comment's first clause, "Sends one message." as "sends one
# message".
function summary(   i, words) {
  for (i = 1; i <= lines && said[i] != ""; i++)
    words = words (i > 1 ? " " : "") said[i]
  sub(/([.:;] | \().*/, "", words)
  sub(/[.:]$/, "", words)
  return tolower(substr(words, 1, 1)) substr(words, 2)
}

function begin(name, about) {
  page = out "/" name ".3"
  macro(".Dd " date)
  macro(".Dt " toupper(name) " 3")
  macro(".Os")
  macro(".Sh NAME")
  macro(".Nm " name)
  macro(".Nd " about)
  macro(".Sh LIBRARY")
  line("loopchan " version ", by pkg-config loopchan or -lloopchan -luv")
  macro(".Sh SYNOPSIS")
  macro(".In loopchan.h")
}

# "int f(int a, int b);" by .Ft and .Fo; a callback's typedef likewise.
function synopsis(declaration,   type, arguments, i, n, argument) {
  match(declaration, /(\(\*)?[a-zA-Z_]+\)?\(/)
  type = substr(declaration, 1, RSTART - 1)
  arguments = substr(declaration, RSTART + RLENGTH)
  sub(/\);?$/, "", arguments)
  sub(/ $/, "", type)
  if (type != "")
    macro(".Ft " type)
  macro(".Fo " substr(declaration, RSTART, RLENGTH - 1))
  n = split(arguments, argument, /, */)
  for (i = 1; i <= n; i++)
    macro(".Fa \"" argument[i] "\"")
  macro(".Fc")
}

# SEE ALSO: our pages in order, then what else is named.
function see_also(   i, n, m, item, pages, others) {
  n = split(see, item, /[;,] */)
  m = 0
  others = ""
  for (i = 1; i <= n; i++)
    if (item[i] ~ /^loopchan_[a-z_]+$/)
      pages[++m] = item[i]
    else
      others = others (others == "" ? "" : ", ") item[i]
  pages[++m] = "loopchan"
  sort(pages, m)
  macro(".Sh SEE ALSO")
  for (i = 1; i <= m; i++)
    macro(".Xr " pages[i] " 3" (i < m ? " ," : ""))
  if (others != "") {
    macro(".Pp")
    put("Elsewhere: " others)
  }
}

# A page of its own; its line in the index.
function write(declaration,   name, about) {
  match(declaration, /(loopchan|LOOPCHAN)_[a-zA-Z_]+\)?\(/)
  name = substr(declaration, RSTART, RLENGTH - 1)
  sub(/\)/, "", name)
  about = summary()
  items[++indexed] = name
  abouts[indexed] = about
  begin(name, about)
  synopsis(declaration)
  macro(".Sh DESCRIPTION")
  comment()
  see_also()
  close(page)
}

# loopchan(3): the head of the header, what has no page, the index.
function overview(   i) {
  begin("loopchan", "channels into a libuv event loop")
  macro(".Sh DESCRIPTION")
  lines = heads
  for (i = 1; i <= lines; i++)
    said[i] = head[i]
  comment()
  macro(".Sh TYPES")
  macro(".Bd -literal")
  for (i = 1; i < rests; i++)
    literal(rest[i])
  macro(".Ed")
  macro(".Sh FUNCTIONS")
  for (i = 1; i <= indexed; i++) {
    if (i in heading) {
      if (i > 1)
        macro(".El")
      macro(".Ss " heading[i])
      macro(".Bl -tag -width Ds -compact")
    }
    macro(".It Xr " items[i] " 3")
    put(abouts[i])
  }
  macro(".El")
  close(page)
}

BEGIN {
  heading[1] = "Callbacks"
}

# The comment at the head of the file.
NR == 1 {
  sub(/^\/\* loopchan: /, "")
  inside = "head"
  head[++heads] = toupper(substr($0, 1, 1)) substr($0, 2)
  next
}
inside == "head" {
  if (/^ \*\//) {
    inside = ""
  } else {
    sub(/^ \* ?/, "")
    head[++heads] = $0
  }
  next
}

# /* ------ making */
/^\/\* -+ / {
  sub(/^\/\* -+ /, "")
  sub(/ \*\/$/, "")
  heading[indexed + 1] = toupper(substr($0, 1, 1)) substr($0, 2)
  next
}

/^\/\*\*$/ {
  inside = "comment"
  lines = 0
  next
}
inside == "comment" {
  if (/^ \*\//) {
    inside = "declaration"
    declaration = ""
  } else {
    sub(/^ \* ?/, "")
    said[++lines] = $0
  }
  next
}
inside == "declaration" {
  sub(/^LOOPCHAN_EXTERN /, "")
  sub(/^#define /, "")
  sub(/ +\\$/, ";")
  gap = declaration ~ /[(]$/ ? "" : " "
  sub(/^ +/, gap)
  declaration = declaration $0
  if (/;$/) {
    write(declaration)
    inside = ""
  }
  next
}

# What has no page: constants and structs, with their comments.
/^\/\* Special capacities/ || /^\/\* The options of loopchan_open/ {
  inside = "rest"
}
inside == "rest" && !/^typedef struct/ {
  if ($0 != "" || rest[rests] != "")
    rest[++rests] = $0
}

END {
  overview()
}
