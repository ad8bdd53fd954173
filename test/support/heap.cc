/* heap: replaces operator new and delete by ones that count.
 *
 * A file of its own: where gcc can see into only one of the two, it warns that
 * they do not match.
 */
#include "heap.h"

#include <atomic>
#include <cstdlib>
#include <new>

static std::atomic<std::size_t> allocations, until_failure;
static std::atomic<bool> failed;

static void *allocate(std::size_t size, std::size_t alignment) {
  allocations++;
  size = (size + alignment - 1) / alignment * alignment;
  return std::aligned_alloc(alignment, size == 0 ? alignment : size);
}

static void *allocate_or_fail(std::size_t size, std::size_t alignment) {
  if (until_failure > 0 && --until_failure == 0) {
    failed = true;
    return nullptr;
  }
  return allocate(size, alignment);
}

static void *or_throw(void *block) {
  if (block == nullptr)
    throw std::bad_alloc();
  return block;
}

void *operator new(std::size_t size) {
  return or_throw(allocate(size, alignof(std::max_align_t)));
}

void *operator new(std::size_t size, std::align_val_t alignment) {
  return or_throw(allocate(size, static_cast<std::size_t>(alignment)));
}

void *operator new(std::size_t size, const std::nothrow_t &) noexcept {
  return allocate_or_fail(size, alignof(std::max_align_t));
}

void *operator new(std::size_t size, std::align_val_t alignment,
                   const std::nothrow_t &) noexcept {
  return allocate_or_fail(size, static_cast<std::size_t>(alignment));
}

void *operator new[](std::size_t size) {
  return or_throw(allocate(size, alignof(std::max_align_t)));
}

void *operator new[](std::size_t size, const std::nothrow_t &) noexcept {
  return allocate_or_fail(size, alignof(std::max_align_t));
}

void operator delete(void *block) noexcept {
  std::free(block);
}

void operator delete(void *block, std::size_t) noexcept {
  std::free(block);
}

void operator delete(void *block, std::align_val_t) noexcept {
  std::free(block);
}

void operator delete(void *block, std::size_t, std::align_val_t) noexcept {
  std::free(block);
}

void operator delete(void *block, const std::nothrow_t &) noexcept {
  std::free(block);
}

void operator delete[](void *block, const std::nothrow_t &) noexcept {
  std::free(block);
}

void operator delete[](void *block) noexcept {
  std::free(block);
}

void operator delete[](void *block, std::size_t) noexcept {
  std::free(block);
}

void operator delete(void *block, std::align_val_t,
                     const std::nothrow_t &) noexcept {
  std::free(block);
}

std::size_t heap_allocations() {
  return allocations;
}

void heap_fail(std::size_t n) {
  until_failure = n;
  failed = false;
}

bool heap_has_failed() {
  return failed;
}
