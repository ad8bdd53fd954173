# names.awk: what a linker's map exports, as "NAME VERSION" lines.
#
#   awk -f names.awk loopchan.map
/^[A-Z_0-9.]+ \{/ {
  version = $1
}
/^    [a-z_]+;/ {
  sub(/;/, "", $1)
  print $1, version
}
