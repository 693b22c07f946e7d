; A scale on the MPU-401 at port 330h, in UART mode: half a second for each note, and as long between them. For DOS, as a .COM file.
        org 100h
        mov al, 3Fh             ; UART mode
        mov dx, 331h
        call put
        mov si, notes
again:  lodsb
        test al, al
        js done
        mov bl, al
        mov bh, 100             ; how hard
        call note
        mov bh, 0
        call note
        jmp again
done:   mov ax, 4C00h
        int 21h

note:   mov al, 90h
        call data
        mov al, bl
        call data
        mov al, bh
        call data
        mov cx, 9               ; eighteenths of a second, which the BIOS counts at 40:6C
        xor ax, ax
        mov es, ax
tick:   mov ax, [es:46Ch]
wait1:  cmp ax, [es:46Ch]
        je wait1
        loop tick
        ret

data:   mov dx, 330h
put:    mov ah, al
        mov di, dx
        mov dx, 331h
busy:   in al, dx
        test al, 40h
        jnz busy
        mov al, ah
        mov dx, di
        out dx, al
        ret

notes:  db 60, 62, 64, 65, 67, 69, 71, 72, -1
