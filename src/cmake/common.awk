# common.awk: what the other scripts here share.

BEGIN {
  # What a paragraph of a comment in the header may begin with.
  LABELS = "(Thread|Callback|Message|Blocks|Allocates|Signals|Fork|" \
    "Returns|See):"
}

# Puts list[1] to list[n] into the order of the alphabet.
function sort(list, n,   i, j, swap) {
  for (i = 1; i <= n; i++)
    for (j = i + 1; j <= n; j++)
      if (list[j] < list[i]) {
        swap = list[i]
        list[i] = list[j]
        list[j] = swap
      }
}
