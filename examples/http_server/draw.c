/* draw: draw WIDTH HEIGHT BLOCK. Prints a PNG of squares, BLOCK pixels wide,
 * each of some colour. Shrunk to a BLOCKth of its width it is the same as drawn
 * with BLOCK 1. */
#include <stdio.h>
#include <stdlib.h>

#include "../option.h"
#include "picture.h"

enum { MOST = 65535 };

/* Spreads the bits of a number over all 32. */
static uint32_t mix(uint32_t n) {
  n = (n ^ n >> 16) * 0x45d9f3bU;
  n = (n ^ n >> 16) * 0x45d9f3bU;
  return n ^ n >> 16;
}

int main(int argc, char **argv) {
  static const char *const names[] = {"WIDTH", "HEIGHT", "BLOCK"};
  uint64_t sizes[3]; /* width, height, block */
  unsigned char *rgb, *to, *png;
  size_t bytes;

  if (argc != 4) {
    fputs("usage: draw WIDTH HEIGHT BLOCK\n", stderr);
    return 2;
  }
  for (int i = 0; i < 3; i++) {
    const struct given given = {"draw", "", names[i], argv[1 + i]};
    if (!take_number(&given, 1, MOST, &sizes[i]))
      return 2;
  }
  uint32_t width = (uint32_t) sizes[0], height = (uint32_t) sizes[1];
  uint32_t block = (uint32_t) sizes[2];
  to = rgb = malloc((size_t) width * height * 3);
  if (rgb == NULL)
    return EXIT_FAILURE;
  for (uint32_t y = 0; y < height; y++)
    for (uint32_t x = 0; x < width; x++) {
      uint32_t colour = mix((y / block) << 16 | x / block);
      *to++ = (unsigned char) colour;
      *to++ = (unsigned char) (colour >> 8);
      *to++ = (unsigned char) (colour >> 16);
    }
  png = picture_encode(rgb, width, height, &bytes);
  free(rgb);
  if (png == NULL || fwrite(png, 1, bytes, stdout) != bytes)
    return EXIT_FAILURE;
  free(png);
  return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
