/* rtp.h with a guard, for the headers of the modules above it. */
#ifndef TIPRING_RTP_TYPES_H
#define TIPRING_RTP_TYPES_H

#include <stdint.h>

#include "rtp.h"

#endif
