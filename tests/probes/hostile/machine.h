// The processor: system calls without a C library, the start of the program, a second thread.
//
// A call is made on a stack of its own, and every register is kept as it was after it: whatever the sandbox leaves behind
// there is looked at. Registers that the call does not need are empty, for a signal puts all of them on that stack.
#include <linux/types.h>
#include <asm/unistd.h>
#include <stddef.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long i64;

#define NOT_HERE 100000
#ifdef __x86_64__
#define ONLY_X86(number) (number)
#else
#define ONLY_X86(number) NOT_HERE
#endif

struct call {
    u64 number, arguments[6];
    i64 result;
    u64 stack, child_stack, forks;
    u64 after[16];
};

void make(struct call *call);
void born(struct call *call) __attribute__((noreturn, used));
void begin(u64 *stack) __attribute__((noreturn, used));

#ifdef __x86_64__
// Where a signal frame has the result of a call, and where the program is.
enum { FRAME_RESULT = 40 + 13 * 8, FRAME_PLACE = 40 + 16 * 8, CALL_LENGTH = 2 };
__asm__(
    ".globl make\nmake:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "mov %rdi, %rbx; mov %rsp, %r12; mov 72(%rbx), %r13; mov 80(%rbx), %r14; mov 64(%rbx), %rsp\n"
    "mov (%rbx), %rax; mov 8(%rbx), %rdi; mov 16(%rbx), %rsi; mov 24(%rbx), %rdx; mov 32(%rbx), %r10\n"
    "mov 40(%rbx), %r8; mov 48(%rbx), %r9; xor %ebp, %ebp; xor %r15d, %r15d; xor %ecx, %ecx; xor %r11d, %r11d\n"
    ".globl at_call\nat_call: syscall\n"
    "test %r14, %r14; jz 1f; test %rax, %rax; jnz 1f\n"
    "mov %r13, %rsp; mov %rbx, %rdi; xor %ebp, %ebp; call born\n"
    "1: mov %rax, 56(%rbx); mov %rdi, 88(%rbx); mov %rsi, 96(%rbx); mov %rdx, 104(%rbx); mov %r10, 112(%rbx)\n"
    "mov %r8, 120(%rbx); mov %r9, 128(%rbx); mov %rcx, 136(%rbx); mov %r11, 144(%rbx)\n"
    "mov %r12, %rsp\n"
    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n"
    ".globl _start\n_start: xor %ebp, %ebp; mov %rsp, %rdi; and $-16, %rsp; call begin\n"
    ".globl restore\nrestore: mov $15, %eax; syscall\n");

static i64 as_32_bits(u64 number, u64 first) {
    i64 result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}
#else
enum { FRAME_RESULT = 176 + 8, FRAME_PLACE = 176 + 8 + 32 * 8, CALL_LENGTH = 4 };
__asm__(
    ".globl make\nmake:\n"
    "stp x29, x30, [sp, -96]!; stp x19, x20, [sp, 16]; stp x21, x22, [sp, 32]; stp x23, x24, [sp, 48]\n"
    "stp x25, x26, [sp, 64]; stp x27, x28, [sp, 80]\n"
    "mov x19, x0; mov x20, sp; ldr x21, [x19, 72]; ldr x22, [x19, 80]; ldr x9, [x19, 64]; mov sp, x9\n"
    "ldr x8, [x19]; ldp x0, x1, [x19, 8]; ldp x2, x3, [x19, 24]; ldp x4, x5, [x19, 40]\n"
    "mov x6, 0; mov x7, 0; mov x9, 0; mov x10, 0; mov x11, 0; mov x12, 0; mov x13, 0; mov x14, 0; mov x15, 0; mov x16, 0\n"
    "mov x17, 0; mov x23, 0; mov x24, 0; mov x25, 0; mov x26, 0; mov x27, 0; mov x28, 0; mov x29, 0\n"
    ".globl at_call\nat_call: svc 0\n"
    "cbz x22, 1f; cbnz x0, 1f\n"
    "mov sp, x21; mov x0, x19; mov x29, 0; bl born\n"
    "1: str x0, [x19, 56]; stp x1, x2, [x19, 88]; stp x3, x4, [x19, 104]; str x5, [x19, 120]\n"
    "mov sp, x20\n"
    "ldp x19, x20, [sp, 16]; ldp x21, x22, [sp, 32]; ldp x23, x24, [sp, 48]; ldp x25, x26, [sp, 64]; ldp x27, x28, [sp, 80]\n"
    "ldp x29, x30, [sp], 96; ret\n"
    ".globl _start\n_start: mov x29, 0; mov x0, sp; bl begin\n"
    ".globl restore\nrestore: mov x8, 139; svc 0\n");

static i64 as_32_bits(u64 number, u64 first) {
    (void)number, (void)first;
    return -38;
}
#endif
void restore(void);
void at_call(void);

void *memset(void *to, int byte, size_t length) {
    for (volatile u8 *at = to; length--; at++) *at = (u8)byte;
    return to;
}
void *memcpy(void *to, const void *from, size_t length) {
    volatile u8 *at = to;
    for (const u8 *source = from; length--;) *at++ = *source++;
    return to;
}
static size_t length_of(const char *text) {
    size_t length = 0;
    while (text[length]) length++;
    return length;
}
static int same(const char *a, const char *b, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (a[i] != b[i]) return 0;
    return 1;
}
static char *append(char *to, const char *text) {
    while (*text) *to++ = *text++;
    *to = 0;
    return to;
}
static char *append_number(char *to, i64 value) {
    char digits[24];
    int count = 0;
    u64 rest = value < 0 ? -(u64)value : (u64)value;
    do digits[count++] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0) *to++ = '-';
    while (count) *to++ = digits[--count];
    *to = 0;
    return to;
}
static u64 number_in(const char *text, int base) {
    u64 value = 0;
    for (; *text; text++) {
        int digit = *text >= 'a' ? *text - 'a' + 10 : *text - '0';
        if (digit < 0 || digit >= base) break;
        value = value * (u64)base + (u64)digit;
    }
    return value;
}
