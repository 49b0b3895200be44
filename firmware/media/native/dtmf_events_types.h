/* dtmf_events.h with a guard, for the headers of the modules above it. */
#ifndef TIPRING_DTMF_EVENTS_TYPES_H
#define TIPRING_DTMF_EVENTS_TYPES_H

#include <stdint.h>

#include "dtmf_events.h"

#endif
