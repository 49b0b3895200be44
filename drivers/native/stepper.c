#include <stdint.h>

#include "stepper.h"

static void step(struct stepper_member *member, long long now_us)
{
    if (now_us < member->due_us)
        return;
    member->due_us += member->period_us;
    if (member->due_us <= now_us)
        member->due_us = now_us + member->period_us;
    member->step(member->ctx, now_us);
}

void stepper_run(struct stepper_member *members, int count, long long start_us, int ms)
{
    for (int i = 1; i <= ms; i++)
        for (int member = 0; member < count; member++)
            step(&members[member], start_us + i * 1000LL);
}
