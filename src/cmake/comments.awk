# comments.awk: a comment of a header as Doxygen wants it, for doxygen.awk and
# cpp.awk. Each line goes to out_line(), which they define.

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
  if (in_cpp) {
    gsub(/[<>]/, "\\\\&", words)
    # A file or a namespace, not a name of C's.
    gsub(/loopchan_coro/, "loopchan%coro", words)
  }
  # A name that has a page links to it.
  gsub(/loopchan_[a-z_]*[a-z]/, "#&", words)
  gsub(/LOOPCHAN_(SHARED|LATEST|RENDEZVOUS|UNBOUNDED|FOREVER|NO_SPIN)/, "#&",
    words)
  words = linked(words)
  gsub(/std::sync::/, "%&", words)
  gsub(/loopchan%coro/, "loopchan_coro", words)
  gsub(/#loopchan_options_t/,
    "@ref loopchan_options_s \"loopchan_options_t\"", words)
  out_line(words)
}

# One line inside a comment.
function comment_line(words) {
  if (literal && (words == " *" || words ~ /^ \*\//)) {
    out_line("@endverbatim")
    literal = 0
  }
  if (literal)
    out_line(substr(words, 3))
  else if (words ~ "^ [*] " LABELS " " && !/ Signals and fork/) {
    name = substr(words, 4, index(words, ":") - 4)
    sub(/^ \* [A-Z][a-z]+: +/, "", words)
    mark = name == "Returns" ? "@return" : name == "See" ? "@see" : ""
    out_line(mark == "" ? " * @par " name : " * " mark)
    text(" * " words)
    labelled = 1
  } else if (!labelled && words ~ /^ \*   +[^- ]/ && blank) {
    out_line("@verbatim")
    out_line(substr(words, 3))
    literal = 1
  } else
    text(words)
  blank = words == " *"
}
