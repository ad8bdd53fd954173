# programs.awk: a page for each program of the examples, which Doxygen fills
# with its source: what the comment at its head says, what it prints, and a link
# to the same in the other language.
#
#   awk -v root=DIR -v out=FILE -f programs.awk DIR/examples/progress.c ...

function page(path) {
  gsub(/\//, "_2", path)
  gsub(/\./, "_8", path)
  return path "-example.html"
}

BEGIN {
  for (i = 1; i < ARGC; i++)
    there[ARGV[i]] = 1
}

FNR == 1 {
  path = substr(FILENAME, length(root) + 2)
  stem = FILENAME
  sub(/\.cc?$/, "", stem)
  printf "/** @example %s\n * @details\n", path >out
  sub(/^\/\* [a-z_]+: /, "")
  $0 = " * " toupper(substr($0, 1, 1)) substr($0, 2)
  inside = 1
}
inside {
  ending = sub(/ *\*\/$/, "")
  print >out
}
inside && ending {
  inside = 0
  other = stem (FILENAME ~ /\.cc$/ ? ".c" : ".cc")
  if (other in there)
    printf " *\n * <a href=\"%s\">The same in %s</a>\n",
      page(substr(other, length(root) + 2)), (other ~ /cc$/ ? "C++" : "C") >out
  if ((getline line <(stem ".out")) > 0) {
    printf " *\n * It prints\n@verbatim\n" >out
    do
      print line >out
    while ((getline line <(stem ".out")) > 0)
    print "@endverbatim" >out
    close(stem ".out")
  }
  print " */" >out
}
