/* Writes the violation log. See violations.h. */
#include "violations.h"

#include <stdarg.h>
#include <stdio.h>

void violations_add(struct violations *log, int port, double now_us, const char *format, ...) {
    log->count++;
    if (log->lines >= VIOLATION_LINES) return;
    char *line = log->text[log->lines++];
    int used = snprintf(line, VIOLATION_CHARS, "%s %.6f s: ", log->name[port], now_us * 1e-6);
    va_list args;
    va_start(args, format);
    vsnprintf(line + used, (size_t)(VIOLATION_CHARS - used), format, args);
    va_end(args);
}
