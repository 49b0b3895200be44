/* The drivers' highway.h with a guard. */
#ifndef TIPRING_HIGHWAY_TYPES_H
#define TIPRING_HIGHWAY_TYPES_H

#include "../../../drivers/native/highway.h"

#endif
