/* The headers that cffi reads too carry no include guards; this one guards them for C. */
#ifndef FACES_H
#define FACES_H

#include "highway.h"
#include "pcm_shm.h"
#include "simboard.h"
#include "simoffice.h"
#include "spi.h"

#endif
