# amalgamate.awk: the whole library as one C file, for those who vendor. It
# wants loopchan.h beside it and nothing else of ours.
#
#   awk -v version=1.0.0 -v rooms=src -v licence=LICENSE -v out=loopchan.c \
#     -f common.awk -f amalgamate.awk src/*/*.c
#
# Each header of a room comes in once, where it is first asked for, without its
# guard; each system header once, at the top, but for those that only some
# systems' #if asks for, which stay where they are; the explorer's door not at
# all.

function say(text) {
  print text >out
}

function read(path,   line, name, waiting) {
  waiting = ""
  say("")
  while ((getline line <path) > 0) {
    if (line ~ /^#(ifndef|define|endif.*) ?.*LC_[A-Z]+_H( \*\/)?$/)
      continue
    # #if defined(LC_EXPLORE) ... #else ... #endif: the second part is kept.
    if (line ~ /^#if defined\(LC_EXPLORE\)/) {
      while ((getline line <path) > 0 && line != "#else")
        continue
      continue
    }
    if (line ~ /^#endif \/\* LC_EXPLORE/)
      continue
    if (line ~ /^#include "/) {
      name = rooms "/" substr(line, 11, length(line) - 11)
      if (!(name in done)) {
        done[name] = 1
        read(name)
      }
      continue
    }
    if (line in top)
      continue
    # Of blank lines that meet where something was left out, one stays.
    if (line == "") {
      waiting = "\n"
      continue
    }
    say(waiting line)
    waiting = ""
  }
  close(path)
}

# The system's headers, in the order of the alphabet; loopchan.h first, for it
# says which of the system's names are wanted.
function system_headers(   i, n, path, line, name, inside) {
  for (i = 1; i < ARGC; i++)
    path[++n] = ARGV[i]
  top["#include <loopchan.h>"]
  for (i = 1; i <= n; i++) {
    inside = 0
    while ((getline line <path[i]) > 0) {
      if (line ~ /^#if/ && line !~ /^#ifndef LC_[A-Z_]+_H$/)
        inside++
      else if (line ~ /^#endif/ && line !~ /LC_[A-Z_]+_H \*\/$/)
        inside--
      if (line ~ /^#include </ && !inside)
        top[line]
      if (line ~ /^#include "[a-z\/]+\.h"/) {
        name = rooms "/" substr(line, 11, length(line) - 11)
        if (!(name in known)) {
          known[name] = 1
          path[++n] = name
        }
      }
    }
    close(path[i])
  }
  n = 0
  for (line in top)
    if (line != "#include <loopchan.h>")
      path[++n] = line
  sort(path, n)
  say("#include \"loopchan.h\"\n")
  for (i = 1; i <= n; i++)
    say(path[i])
}

BEGIN {
  say("/* loopchan " version ", the whole library in one file. Made from its" \
    " sources: change\n * those, not this. MIT licence:\n *")
  while ((getline line <licence) > 0)
    say(line == "" ? " *" : " * " line)
  say(" */")
  system_headers()
  for (i = 1; i < ARGC; i++)
    read(ARGV[i])
}
