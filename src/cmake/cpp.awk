# cpp.awk: a header for C++ as Doxygen wants it (FILTER_PATTERNS), with common.awk
# and comments.awk before it. What a user sees of it: no namespace detail, nothing
# private, no body. What the ends on a loop have from a base in detail stands in
# each of them. A function links to the C function that it calls.

# The comment that is being read is kept until it is known what it is about.
function out_line(line) {
  doc = doc line "\n"
}

# Puts what stands before a declaration: its comment, or that of the one before,
# if it has the same name.
function describe(name, body,   c) {
  if (doc == "" && name == last_name)
    doc = last_doc
  last_doc = doc
  last_name = name
  c = c_function(name, body)
  if (doc ~ ("#" c "[^a-z_]"))
    c = ""
  if (doc != "" || c != "" || depth == 0) {
    print "/**" (depth == 0 ? " @ingroup " group : "")
    printf "%s", doc
    if (c != "")
      print (doc == "" ? " * As #" c "." : " * @see #" c)
    print " */"
  }
  doc = ""
}

# The C function that does what this one does: the first that it calls.
function c_function(name, body) {
  if (class == "sender" && name == "clone")
    return "loopchan_sender_clone"
  if (name == "clone")
    return "loopchan_receiver_clone"
  if (class == "sender" && name == "drop")
    return "loopchan_sender_drop"
  if (name == "send_many")
    return "loopchan_send_many"
  if (name == "close")
    return class == "writer" ? "loopchan_writer_close" : "loopchan_close"
  if (name ~ /^open/)
    return (name class) ~ /writer/ ? "loopchan_writer_open" : "loopchan_open"
  if (name == "stats")
    return "loopchan_stats"
  if (class == "writer" && name ~ /^(write|try_write)$/)
    return "loopchan_" name
  if (class ~ /receiver/ && name ~ /^(recv|recv_for|try_recv)$/)
    return "loopchan_" (name == "recv_for" ? "recv_timeout" : name)
  if (name ~ /^select/)
    return "loopchan_select"
  if (match(body, /loopchan_[a-z_]+[,()]/))
    return substr(body, RSTART, RLENGTH - 1)
  return ""
}

# The name that a declaration declares.
function name_of(line) {
  gsub(/\[\[nodiscard\]\] /, "", line)
  if (match(line, /operator[^ (]*( bool)?\(/) ||
      match(line, /~?[A-Za-z_]+\(/))
    return substr(line, RSTART, RLENGTH - 1)
  return ""
}

# A declaration that has been read whole: without its body.
function declare(   code, name) {
  code = declaration
  declaration = ""
  name = name_of(heads code)
  if (name ~ /^operator[=!]=$/ && doc == "" && class == "") {
    heads = ""
    return
  }
  if (code !~ /filled_by|operator co_await|^ *(static_assert|friend)/) {
    describe(name, body)
    if (code ~ /\)[^(){}]*\{$/)
      sub(/ *\{$/, ";", code)
    if (code ~ /\).*\{[^{}]*\}$/)
      sub(/ *\{[^{}]*\}$/, ";", code)
    sub(/[ \n]+: [a-z_]+_\(.*/, ";", code) # how a constructor initialises
    print heads code
  } else
    doc = ""
  heads = body = ""
}

# A class: what it derives from is not shown.
function begin_class(head) {
  gsub(/\[\[nodiscard\]\] /, "", head)
  base = head ~ /receiver_core|loopchan_receiver_t/ ? "loopchan_receiver_t" : \
    head ~ /writer_core|loopchan_writer_t/ ? "loopchan_writer_t" : ""
  head = head " "
  sub(/[ \n]+: (public|private) .*\{ *$/, " {", head)
  class = head
  sub(/ \{.*/, "", class)
  kind = class
  sub(/.*(class|struct) /, "", class)
  kind = substr(kind, 1, length(kind) - length(class))
  last_name = ""
  describe("class " class, "")
  print heads head
  heads = ""
  depth = 1
  hidden = kind ~ /class $/ # until it is public
  if (head ~ /};? *$/)
    end_class()
}
function end_class() {
  class = base = last_name = doc = heads = ""
  depth = hidden = 0
}

# What is public in the base in detail, in the derived class.
function inherit(   n, i, lines, kept) {
  n = split(inherited, lines, "\n")
  for (i = 1; i < n; i++) {
    gsub(/Handle \*get|auto \*get/, base " *get", lines[i])
    read_line(lines[i])
  }
}

# One line of what is shown.
function read_line(line) {
  if (in_body) {
    body = body line
    if (line ~ "^" indent "}") {
      in_body = 0
      declare()
    }
    return
  }
  if (in_comment || line ~ /^ *\/\*/) {
    read_comment(line)
    return
  }
  if (declaration != "") {
    declaration = declaration "\n" line
    end_declaration(line)
    return
  }
  if (line ~ /^ *$/) {
    if (doc == "")
      last_name = ""
    return
  }
  if (line ~ /^ *template <.*>$/ || line ~ /^ *template <$/ ||
      line ~ /^ *template <.*,$/ || (heads != "" && line ~ /^    +/)) {
    heads = heads line "\n"
    return
  }
  if (depth == 1 && line ~ /^  struct .*\{$/) { # a class in a class
    describe("", "")
    sub(/ \{/, ";", line)
    print line
    skipping = 1
    return
  }
  declaration = line
  indent = depth == 1 ? "  " : ""
  sub(/; +\/\* /, "; /**< ", declaration)
  if (declaration ~ /\/\*\*</ && line !~ /\*\/$/) {
    in_field = 1
    return
  }
  end_declaration(line)
}
function end_declaration(line) {
  if (in_field) {
    if (line ~ /\*\/$/) {
      in_field = 0
      declare()
    }
  } else if (line ~ /\{$/) {
    in_body = 1
  } else if (line ~ /[;}]( *\/\*.*\*\/)?$/) {
    body = line
    declare()
  }
}

function read_comment(line) {
  if (!in_comment) {
    sub(/^ *\/\*/, " *", line)
    doc = ""
    blank = labelled = 0
  } else
    sub(/^ *\*/, " *", line)
  in_comment = line !~ /\*\/$/
  sub(/ *\*\/$/, "", line)
  comment_line(line)
  if (!in_comment && literal)
    comment_line(" *")
}

BEGIN {
  in_cpp = 1
}

NR == 1 {
  file = FILENAME
  sub(/.*\//, "", file)
  title = file == "loopchan.hpp" ? "C++" : "Coroutines"
  prefix = file == "loopchan.hpp" ? "cpp" : "coro"
  page = file
  sub(/\./, "_", page)
  print "/** @page " page " " file
  sub(/^\/\* [a-z_.]+: /, " * ")
  in_head = 1
}
in_head {
  ending = / \*\/$/
  sub(/ *\*\/$/, "")
  if ($0 != "")
    comment_line($0)
  if (!ending)
    next
  in_head = 0
  printf "%s", doc
  print " *\n * Its classes and functions: @ref " prefix ".\n *"
  print " * The whole header:\n * @include " file "\n */"
  print "/** @defgroup " prefix " " title ": " file
  print " * What holds for all of it: @ref " page ". */"
  doc = ""
  group = prefix
  next
}

# Sections are groups, below that of the header.
/^\/\* -+ [a-z]+ \*\/$/ {
  section = $3
  next
}
section != "" && /^(enum |class |struct |template |inline |\/\*)/ && !in_detail {
  group = prefix "_" section
  print "/** @defgroup " group " " toupper(substr(section, 1, 1)) \
    substr(section, 2)
  print " * @ingroup " prefix " */"
  section = ""
}

/^namespace detail \{/ {
  in_detail = 1
  next
}
in_detail && /class (loop_end|coro_end) \{/ {
  in_base = 1
}
in_base && /^ protected:/ {
  in_base = in_public = 0
}
in_public {
  inherited = inherited $0 "\n"
}
in_base && /^ public:/ {
  in_public = 1
}
/^}  \/\/ namespace detail/ {
  in_detail = 0
  next
}
in_detail {
  next
}
/^namespace |^}  \/\/ namespace/ {
  print
  next
}
/^#/ || /^$/ && depth == 0 || /std::is_error_code_enum/ ||
    /^template <.*> class [a-z_]+;$/ {
  doc = ""
  next
}

skipping {
  if (/^  };/)
    skipping = 0
  next
}

# The head of a class, which may have several lines.
depth == 0 && !in_body && declaration == "" && !in_comment &&
    /^(template <.*> )?(enum )?(class|struct) / {
  class_head = $0
  if (!/\{( *})?;?$/)
    next
  if (/^enum/) {
    describe("enum", "")
    print
    in_enum = 1
  } else
    begin_class(class_head)
  class_head = ""
  next
}
class_head != "" {
  class_head = class_head "\n" $0
  if (/\{$/) {
    begin_class(class_head)
    class_head = ""
  }
  next
}
in_enum {
  print
  if (/^}/)
    in_enum = 0
  next
}
depth == 1 && /^};/ {
  if (base != "")
    inherit()
  print
  end_class()
  next
}
depth == 1 && /^ (private|protected):/ {
  hidden = 1
  next
}
depth == 1 && /^ public:/ {
  hidden = 0
  print
  next
}
hidden {
  next
}
{
  read_line($0)
}
