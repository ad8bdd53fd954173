# guides.awk: a guide as Doxygen wants it (FILTER_PATTERNS). Files that have no
# page are named, not linked to; pictures are found by their names.
{
  line = $0
  out = ""
  while (match(line, /\[[^]]*\]\([^)]*\)/)) {
    link = substr(line, RSTART, RLENGTH)
    if (link ~ /\.svg\)$/)
      sub(/\(.*\//, "(", link)
    else if (link !~ /\]\(https?:/ && link !~ /\]\([a-z_]*\.md\)/) {
      sub(/^\[/, "", link)
      sub(/\].*/, "", link)
    }
    out = out substr(line, 1, RSTART - 1) link
    line = substr(line, RSTART + RLENGTH)
  }
  print out line
}
