# search.awk: Doxygen's search box finds a name by its first letters only, and
# all functions begin with loopchan_. This adds each word of a name, or of a
# title: "send" finds loopchan_send, and "newest" a guide. (Newer versions do so
# for titles.)
#
#   cd html/search && awk -f common.awk -f search.awk searchdata.js all_*.js

# An entry, and the key that it is found by: "_20" is a blank, "_5f" a line.
function add(key, entry) {
  if ((key, entry) in seen)
    return
  seen[key, entry] = 1
  keys[++count] = key "_" sprintf("%04d", count)
  entry_of[keys[count]] = entry
}

FILENAME == "searchdata.js" {
  data[++lines] = $0
  next
}
match($0, /^  \['[^']+_[0-9]+'/) {
  key = substr($0, 5, RLENGTH - 5)
  entry = substr($0, RLENGTH + 1)
  sub(/,$/, "", entry)
  sub(/'page_[a-z_]*'\]\]\]$/, "'']]]", entry) # a page's parent is no help
  sub(/_[0-9]+$/, "", key)
  add(key, entry)
  while (match(key, /_(20|2d|5f)/)) {
    key = substr(key, RSTART + 3)
    if (key ~ /^[a-z][a-z0-9][a-z0-9]/ && key !~ /^(and|for|from|the)_20/)
      add(key, entry)
  }
}

END {
  if (count == 0)
    exit 1
  sort(keys, count)
  while ((getline line <"all_0.html") > 0)
    html = html line "\n"
  for (i = 1; i <= count; i++) {
    first = substr(keys[i], 1, 1)
    if (first != letter) {
      if (letter != "")
        print "];" >file
      letter = first
      name = "all_" sprintf("%x", length(letters))
      letters = letters letter
      file = name ".js"
      printf "var searchData=\n[\n" >file
      if (html != "") {
        page = html
        gsub(/all_0/, name, page)
        printf "%s", page >(name ".html")
      }
    }
    printf "  ['%s'%s%s\n", keys[i], entry_of[keys[i]],
      substr(keys[i + 1], 1, 1) == letter ? "," : "" >file
  }
  print "];" >file
  for (i = 1; i <= lines; i++) {
    if (data[i] ~ /^  0: "/ && !told++)
      data[i] = "  0: \"" letters "\","
    print data[i] >"searchdata.js"
  }
}
