# SPDX-License-Identifier: MIT
#
# The whole firmware of the QEMU machine: a 64 KiB ROM that ends at 4 GiB. The processor starts at
# its last 16 bytes in 16-bit mode; this switches to flat 32-bit mode and jumps to the image that
# the host has put into memory. No BIOS, so nobody else ever writes to guest memory.

.equ IMAGE, 0x400000
.equ CODE32, 0x08
.equ DATA, 0x10

.text
.code16
.globl start
start:
rom:
reset:
    cli
    lgdtl %cs:(gdt_pointer - rom)
    mov $0x11, %eax             # PE, ET
    mov %eax, %cr0
    ljmpl $CODE32, $(0xffff0000 + (flat - rom))
.code32
flat:
    mov $DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $IMAGE, %eax
    jmp *%eax

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff    # code, 32-bit, flat
    .quad 0x00cf93000000ffff    # data, flat
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long 0xffff0000 + (gdt - rom)

    .org 0xfff0
.code16
    jmp reset
    .org 0x10000
