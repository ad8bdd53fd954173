/* picture: PNG in, PNG out. */
#ifndef PICTURE_H
#define PICTURE_H

#include <stddef.h>
#include <stdint.h>

/* Shrinks a picture to the width. Returns NULL and a new picture, for free(),
 * or NULL for that, too: out of memory; or what is wrong with the old one. */
const char *picture_shrink(const void *png, size_t bytes, uint32_t width,
                           unsigned char **out, size_t *out_bytes);

/* Makes a PNG of rows of red, green and blue bytes, for free(); NULL: out of
 * memory. */
unsigned char *picture_encode(const unsigned char *rgb, uint32_t width,
                              uint32_t height, size_t *bytes);

#endif
