/* The violation log: every breach of a data sheet, in words, with chip and time. */
#ifndef VIOLATIONS_H
#define VIOLATIONS_H

#define VIOLATION_PORTS 8
#define VIOLATION_LINES 256
#define VIOLATION_CHARS 200

struct violations {
    int lines;
    int count; /* all breaches, also those whose text no longer fitted */
    const char *name[VIOLATION_PORTS]; /* of each port */
    char text[VIOLATION_LINES][VIOLATION_CHARS];
};

void violations_add(struct violations *log, int port, double now_us, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
