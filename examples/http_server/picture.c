/* picture: shrinks a PNG. A pixel becomes the mean of those that it covers. */
#include <stdlib.h>

#include <png.h>

#include "picture.h"

enum { CHANNELS = 3 };

/* A few kilobytes can unpack to gigabytes. */
static const uint64_t most_pixels = 16 << 20;

static void shrink(const unsigned char *from, uint32_t from_width,
                   uint32_t from_height, unsigned char *to, uint32_t width,
                   uint32_t height) {
  for (uint32_t y = 0; y < height; y++) {
    uint64_t top = (uint64_t) y * from_height / height;
    uint64_t bottom = (uint64_t) (y + 1) * from_height / height;
    for (uint32_t x = 0; x < width; x++) {
      uint64_t left = (uint64_t) x * from_width / width;
      uint64_t right = (uint64_t) (x + 1) * from_width / width;
      uint64_t sum[CHANNELS] = {0};
      for (uint64_t v = top; v < bottom; v++)
        for (uint64_t u = left; u < right; u++)
          for (int c = 0; c < CHANNELS; c++)
            sum[c] += from[(v * from_width + u) * CHANNELS + (unsigned) c];
      for (int c = 0; c < CHANNELS; c++)
        *to++ = (unsigned char) (sum[c] / ((bottom - top) * (right - left)));
    }
  }
}

/* Returns the rows, for free(), and fills in *image; or NULL and *why. */
static unsigned char *decode(const void *png, size_t bytes, png_image *image,
                             const char **why) {
  static const png_color white = {255, 255, 255};
  unsigned char *rgb = NULL;

  *why = "not a PNG picture";
  if (!png_image_begin_read_from_memory(image, png, bytes))
    return NULL;
  if ((uint64_t) image->width * image->height > most_pixels) {
    *why = "too many pixels";
  } else {
    image->format = PNG_FORMAT_RGB;
    rgb = malloc(PNG_IMAGE_SIZE(*image));
    if (rgb == NULL)
      *why = "out of memory";
    else if (png_image_finish_read(image, &white, rgb, 0, NULL))
      return rgb;
  }
  free(rgb);
  png_image_free(image);
  return NULL;
}

unsigned char *picture_encode(const unsigned char *rgb, uint32_t width,
                              uint32_t height, size_t *bytes) {
  png_image image = {.version = PNG_IMAGE_VERSION,
                     .width = width,
                     .height = height,
                     .format = PNG_FORMAT_RGB};
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  unsigned char *png = malloc(size);

  if (png == NULL ||
      !png_image_write_to_memory(&image, png, &size, 0, rgb, 0, NULL)) {
    free(png);
    return NULL;
  }
  *bytes = size;
  return png;
}

const char *picture_shrink(const void *png, size_t bytes, uint32_t width,
                           unsigned char **out, size_t *out_bytes) {
  png_image image = {.version = PNG_IMAGE_VERSION};
  const char *why = NULL;
  unsigned char *small = NULL;
  unsigned char *rgb = decode(png, bytes, &image, &why);

  if (rgb == NULL)
    return why;
  if (width == 0 || width > image.width) {
    why = "the width must be between 1 and the picture's own";
  } else {
    uint64_t wanted = (uint64_t) image.height * width / image.width;
    uint32_t height = wanted == 0 ? 1 : (uint32_t) wanted;
    small = malloc((size_t) width * height * CHANNELS);
    *out = NULL;
    if (small != NULL) {
      shrink(rgb, image.width, image.height, small, width, height);
      *out = picture_encode(small, width, height, out_bytes);
    }
    why = *out == NULL ? "out of memory" : NULL;
  }
  free(small);
  free(rgb);
  return why;
}
