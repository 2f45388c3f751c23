# SPDX-License-Identifier: MIT
#
# The program that runs inside the machine: it takes a list of records {page table, control
# registers, address, access}, performs each access in ring 0 or ring 3 and writes down the value
# or the exception. The host copies this flat image to physical IMAGE. Entered at image + 0x10 in
# 64-bit mode (KVM), or at image in 32-bit mode without paging (QEMU, from reset.S). Position
# independent: it runs at window + physical address, where `window` is the address of the PML4
# (PML5) slot lent to it. The layout constants repeat those of protocol.hpp.
#
# Registers while probing: %r15 current record, %r14 header, %rdi address, %rax value, %rsi where
# fetched code returns to, %r13 1 while the next exception is an answer (0: a defect in here).
# The probing code touches no memory but the probed address: no stack, no data. It ends with ud2 in
# both rings: #UD means "no exception". (KVM's emulator, which runs ring 0 where the processor
# cannot, knows `int` in real mode only.)

.equ IMAGE, 0x400000
.equ HEADER, 0x600000
.equ RECORDS, 0x1000            # after HEADER
.equ RECORD_SIZE, 128

.equ H_MAGIC, 0                 # header
.equ H_BOOT_ROOT, 8
.equ H_BOOT_CR4, 16
.equ H_WINDOW, 24
.equ H_COUNT, 32
.equ H_DONE, 40
.equ H_CPUID, 48                # 5 words: 0.ebx, 7.ebx, 7.ecx, 0x80000001.edx, 0x80000008.eax
.equ H_FAULT, 88                # 3 words: vector, error code, rip of a fault in this program
.equ DONE_MAGIC, 0x600d
.equ FAULT_MAGIC, 0xbad

.equ R_CR3, 0                   # record: request
.equ R_CR0, 8
.equ R_CR4, 16
.equ R_EFER, 24
.equ R_PKRU, 32
.equ R_PKRS, 40
.equ R_OP, 48                   # bit 0 store, bit 1 fetch, bit 2 ring 3
.equ R_VA, 56
.equ R_VALUE, 64
.equ R_RFLAGS, 72
.equ R_VECTOR, 80               # record: answer
.equ R_CODE, 88
.equ R_CR2, 96
.equ R_LOADED, 104

.equ MSR_EFER, 0xc0000080
.equ MSR_PKRS, 0x6e1
.equ CR4_PGE, 1 << 7
.equ CR4_PKE_BIT, 22
.equ CR4_PKS_BIT, 24
.equ CODE64, 0x08
.equ DATA, 0x10
.equ USER_DATA, 0x18 + 3
.equ USER_CODE, 0x20 + 3
.equ TSS, 0x28
.equ EXIT_PORT, 0xf4

.text
.globl start
start:
image:
.code32
    jmp boot32
    .org 0x10
.code64
    jmp start64

.code32
boot32:
    mov $HEADER, %ebx
    mov H_BOOT_CR4(%ebx), %eax
    mov %eax, %cr4
    mov H_BOOT_ROOT(%ebx), %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $0x901, %eax             # NXE, LME, SCE
    wrmsr
    mov $0x80010033, %eax       # PG, WP, NE, ET, MP, PE
    mov %eax, %cr0
    lgdt IMAGE + (gdt_pointer - image)
    ljmp $CODE64, $(IMAGE + (boot64 - image))
.code64
boot64:                         # at the physical address; move up into the window
    mov $HEADER, %ebx
    mov H_WINDOW(%rbx), %rax
    lea start64(%rip), %rcx
    add %rax, %rcx
    jmp *%rcx

# The only page that ring 3 may execute.
    .org 0x1000
user_stubs:
user_load:
    mov (%rdi), %rax
    ud2
    .balign 16
user_store:
    mov %rax, (%rdi)
    ud2
    .balign 16
user_fetch:
    lea 1f(%rip), %rsi
    jmp *%rdi
1:  ud2

    .org 0x2000
start64:
    xor %r13d, %r13d
    lea stack_top(%rip), %rsp
    lea image(%rip), %r14
    add $(HEADER - IMAGE), %r14

    # GDT with a fresh (not busy) TSS descriptor.
    lea tss(%rip), %rax
    lea tss_descriptor(%rip), %rbx
    movw $103, (%rbx)
    mov %ax, 2(%rbx)
    shr $16, %rax
    mov %al, 4(%rbx)
    movw $0x0089, 5(%rbx)
    mov %ah, 7(%rbx)
    shr $16, %rax
    mov %eax, 8(%rbx)
    movl $0, 12(%rbx)
    lea tss(%rip), %rax
    mov %rsp, 4(%rax)           # RSP0
    lea gdt(%rip), %rax
    lea gdt_pointer(%rip), %rbx
    mov %rax, 2(%rbx)
    lgdt (%rbx)
    pushq $CODE64
    lea 1f(%rip), %rax
    push %rax
    lretq
1:  mov $DATA, %eax
    mov %eax, %ss
    mov %eax, %ds
    mov %eax, %es
    mov $TSS, %eax
    ltr %ax

    # IDT: the 32 exceptions.
    lea idt(%rip), %rdi
    lea exceptions(%rip), %rax
    mov $32, %ecx
2:  call set_gate
    add $16, %rdi
    add $16, %rax
    dec %ecx
    jnz 2b
    lea idt(%rip), %rax
    lea idt_pointer(%rip), %rbx
    mov %rax, 2(%rbx)
    lidt (%rbx)

    # What this processor is.
    xor %eax, %eax
    cpuid
    mov %rbx, H_CPUID(%r14)
    mov $7, %eax
    xor %ecx, %ecx
    cpuid
    mov %rbx, H_CPUID + 8(%r14)
    mov %rcx, H_CPUID + 16(%r14)
    mov $0x80000001, %eax
    cpuid
    mov %rdx, H_CPUID + 24(%r14)
    mov $0x80000008, %eax
    cpuid
    mov %rax, H_CPUID + 32(%r14)

    lea RECORDS(%r14), %r15
    cmpq $0, H_COUNT(%r14)
    je finish
    jmp set_context             # the first record always

set_gate:                       # %rdi gate, %rax handler
    movw %ax, (%rdi)
    movw $CODE64, 2(%rdi)
    movw $0x8e00, 4(%rdi)       # interrupt gate, ring 0
    mov %rax, %rbx
    shr $16, %rbx
    mov %bx, 6(%rdi)
    shr $16, %rbx
    mov %ebx, 8(%rdi)
    movl $0, 12(%rdi)
    ret

# Handlers: an exception leaves [rip cs rflags rsp ss] and maybe an error code on the stack.
    .balign 16
exceptions:
.set vector, 0
.rept 32
    .balign 16
    .if (vector == 8) || ((vector >= 10) && (vector <= 14)) || (vector == 17) || (vector == 21)
    .else
    push $0
    .endif
    push $vector
    jmp exception
    .set vector, vector + 1
.endr
    .balign 16
exception:
    pop %rcx
    pop %rdx
    test %r13, %r13
    jz defect
    cmp $6, %rcx
    je no_exception
    mov %rcx, R_VECTOR(%r15)
    mov %rdx, R_CODE(%r15)
    mov %cr2, %rax
    mov %rax, R_CR2(%r15)
    jmp next

no_exception:
    movq $-1, R_VECTOR(%r15)
    mov %rax, R_LOADED(%r15)

next:
    xor %r13d, %r13d
    lea stack_top(%rip), %rsp
    mov H_DONE(%r14), %rax
    inc %rax
    mov %rax, H_DONE(%r14)
    cmp H_COUNT(%r14), %rax
    je finish
    add $RECORD_SIZE, %r15
    # Same page table and control registers as the previous record?
    mov R_CR3(%r15), %rax
    cmp R_CR3 - RECORD_SIZE(%r15), %rax
    jne set_context
    mov R_CR0(%r15), %rax
    cmp R_CR0 - RECORD_SIZE(%r15), %rax
    jne set_context
    mov R_CR4(%r15), %rax
    cmp R_CR4 - RECORD_SIZE(%r15), %rax
    jne set_context
    mov R_EFER(%r15), %rax
    cmp R_EFER - RECORD_SIZE(%r15), %rax
    jne set_context
    mov R_PKRU(%r15), %rax
    cmp R_PKRU - RECORD_SIZE(%r15), %rax
    jne set_context
    mov R_PKRS(%r15), %rax
    cmp R_PKRS - RECORD_SIZE(%r15), %rax
    je probe

set_context:
    mov R_CR4(%r15), %rbx
    mov %rbx, %rax
    and $~CR4_PGE, %rax         # a change of PGE drops global TLB entries too
    mov %rax, %cr4
    mov $MSR_EFER, %ecx
    mov R_EFER(%r15), %eax
    xor %edx, %edx
    wrmsr
    mov R_CR0(%r15), %rax
    mov %rax, %cr0
    mov R_CR3(%r15), %rax
    mov %rax, %cr3
    mov %rbx, %cr4
    xor %ecx, %ecx
    xor %edx, %edx
    bt $CR4_PKE_BIT, %rbx
    jnc 3f
    mov R_PKRU(%r15), %eax
    wrpkru
3:  bt $CR4_PKS_BIT, %rbx
    jnc probe
    mov $MSR_PKRS, %ecx
    mov R_PKRS(%r15), %eax
    wrmsr

probe:
    mov $1, %r13d
    mov R_VA(%r15), %rdi
    mov R_VALUE(%r15), %rax
    mov R_OP(%r15), %ecx
    test $4, %ecx
    jz supervisor
    lea user_load(%rip), %rbx
    test $1, %ecx
    jz 4f
    lea user_store(%rip), %rbx
4:  test $2, %ecx
    jz 5f
    lea user_fetch(%rip), %rbx
5:  pushq $USER_DATA
    pushq $0                    # no stack in ring 3
    pushq R_RFLAGS(%r15)
    pushq $USER_CODE
    push %rbx
    iretq
supervisor:
    pushq R_RFLAGS(%r15)
    popfq
    test $2, %ecx
    jnz supervisor_fetch
    test $1, %ecx
    jnz supervisor_store
    mov (%rdi), %rax
    ud2
supervisor_store:
    mov %rax, (%rdi)
    ud2
supervisor_fetch:
    lea 1f(%rip), %rsi
    jmp *%rdi
1:  ud2

defect:
    pop %rax
    mov %rcx, H_FAULT(%r14)
    mov %rdx, H_FAULT + 8(%r14)
    mov %rax, H_FAULT + 16(%r14)
    movq $FAULT_MAGIC, H_MAGIC(%r14)
    jmp leave
finish:
    movq $DONE_MAGIC, H_MAGIC(%r14)
leave:
    xor %eax, %eax
    mov $EXIT_PORT, %dx
    out %al, %dx
6:  hlt
    jmp 6b

    .balign 16
gdt:
    .quad 0
    .quad 0x00209b0000000000    # ring 0 code, 64-bit, accessed
    .quad 0x00cf93000000ffff    # ring 0 data
    .quad 0x00cff3000000ffff    # ring 3 data
    .quad 0x0020fb0000000000    # ring 3 code, 64-bit
tss_descriptor:
    .quad 0, 0
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .quad IMAGE + (gdt - image)
    .balign 16
idt_pointer:
    .word 32 * 16 - 1
    .quad 0
    .balign 16
tss:
    .fill 104, 1, 0
    .balign 16
idt:
    .fill 32 * 16, 1, 0
    .balign 4096
stack:
    .fill 4096, 1, 0
stack_top:
