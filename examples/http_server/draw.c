/* draw: draw WIDTH HEIGHT BLOCK. Prints a PNG of squares, BLOCK pixels wide,
 * each of some colour. Shrunk to a BLOCKth of its width it is the same as drawn
 * with BLOCK 1. */
#include <stdio.h>
#include <stdlib.h>

#include "picture.h"

/* Spreads the bits of a number over all 32. */
static uint32_t mix(uint32_t n) {
  n = (n ^ n >> 16) * 0x45d9f3bU;
  n = (n ^ n >> 16) * 0x45d9f3bU;
  return n ^ n >> 16;
}

int main(int argc, char **argv) {
  uint32_t width = argc == 4 ? (uint32_t) atoi(argv[1]) : 0;
  uint32_t height = argc == 4 ? (uint32_t) atoi(argv[2]) : 0;
  uint32_t block = argc == 4 ? (uint32_t) atoi(argv[3]) : 0;
  unsigned char *rgb = malloc((size_t) width * height * 3), *to = rgb, *png;
  size_t bytes;

  if (rgb == NULL || width == 0 || height == 0 || block == 0)
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
