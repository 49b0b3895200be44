/* engine.h and what it needs, with a guard, for the modules behind it. */
#ifndef TIPRING_ENGINE_TYPES_H
#define TIPRING_ENGINE_TYPES_H

#include <stdint.h>

#include "tone.h"

#include "engine.h"

#endif
