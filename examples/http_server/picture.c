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

/* What a picture is read into. The reader is the progressive one, which stops
 * at the last row: the others would go on to inflate whatever follows. */
struct decoding {
  uint32_t wanted; /* width of the small one */
  uint32_t width, height;
  unsigned char *rgb;
  const char *why; /* it will not do */
  int whole;
};

static void on_error(png_structp png, png_const_charp text) {
  (void) text;
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void) png;
  (void) text;
}

/* Colours as sRGB has them, eight bits each, on white. */
static void convert(png_structp png) {
  static const png_color_16 white = {0, 255, 255, 255, 255};

  png_set_expand(png);
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  png_set_background(png, &white, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
  (void) png_set_interlace_handling(png);
}

/* The picture's size is known, and nothing is unpacked yet. */
static void on_info(png_structp png, png_infop info) {
  struct decoding *d = png_get_progressive_ptr(png);

  d->width = png_get_image_width(png, info);
  d->height = png_get_image_height(png, info);
  if (d->wanted == 0 || d->wanted > d->width)
    d->why = "the width must be between 1 and the picture's own";
  else if ((uint64_t) d->width * d->height > most_pixels)
    d->why = "too many pixels";
  if (d->why != NULL)
    png_error(png, d->why);
  convert(png);
  png_read_update_info(png, info);
  d->rgb = calloc((size_t) d->width * d->height, CHANNELS);
  if (d->rgb == NULL || png_get_channels(png, info) != CHANNELS)
    png_error(png, "out of memory");
}

/* row is NULL where an interlaced picture has none in this pass. */
static void on_row(png_structp png, png_bytep row, png_uint_32 number,
                   int pass) {
  struct decoding *d = png_get_progressive_ptr(png);

  (void) pass;
  if (row != NULL && number < d->height)
    png_progressive_combine_row(
        png, d->rgb + (size_t) number * d->width * CHANNELS, row);
}

static void on_end(png_structp png, png_infop info) {
  struct decoding *d = png_get_progressive_ptr(png);

  if (png_get_interlace_type(png, info) == PNG_INTERLACE_NONE)
    d->whole = png_get_current_row_number(png) >= d->height;
  else
    d->whole = png_get_current_pass_number(png) >= PNG_INTERLACE_ADAM7_PASSES;
}

/* All else that a picture may carry would be unpacked, and kept. */
static void ignore(png_structp png) {
  static const png_byte chunks[] =
      "bKGD\0eXIf\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0"
      "sBIT\0sCAL\0sPLT\0tEXt\0tIME\0zTXt";

  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, chunks,
                              (int) (sizeof(chunks) / 5));
}

/* Returns whether the picture is in *d, whose rgb is for free() anyway. An
 * error jumps back to here. */
static int decode(const unsigned char *bytes, size_t count,
                  struct decoding *d) {
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);

  if (info != NULL && count > 0 && setjmp(png_jmpbuf(png)) == 0) {
    ignore(png);
    png_set_alpha_mode(png, PNG_ALPHA_PNG, PNG_DEFAULT_sRGB);
    png_set_progressive_read_fn(png, d, on_info, on_row, on_end);
    png_process_data(png, info, (png_bytep) (uintptr_t) bytes, count);
  }
  png_destroy_read_struct(&png, &info, NULL);
  return d->whole;
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
  struct decoding d = {.wanted = width};
  unsigned char *small = NULL;

  *out = NULL;
  *out_bytes = 0;
  if (decode(png, bytes, &d)) {
    uint64_t wanted = (uint64_t) d.height * width / d.width;
    uint32_t height = wanted == 0 ? 1 : (uint32_t) wanted;
    small = malloc((size_t) width * height * CHANNELS);
    if (small != NULL) {
      shrink(d.rgb, d.width, d.height, small, width, height);
      free(d.rgb); /* before the next of its size */
      d.rgb = NULL;
      *out = picture_encode(small, width, height, out_bytes);
    }
  } else if (d.why == NULL) {
    d.why = "not a PNG picture";
  }
  free(small);
  free(d.rgb);
  return d.why;
}
