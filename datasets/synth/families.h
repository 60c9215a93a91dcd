// One function per family of objects: adds a new one, drawn at random. Units are metres, more or
// less; the ground is y = 0, the front faces +z.
#pragma once

#include "datasets/synth/draw.h"
#include "datasets/synth/shaper.h"

namespace voxgrad {

void make_chair(Shaper& s, Draw& d);
void make_table(Shaper& s, Draw& d);
void make_sofa(Shaper& s, Draw& d);
void make_bench(Shaper& s, Draw& d);
void make_bed(Shaper& s, Draw& d);
void make_cabinet(Shaper& s, Draw& d);
void make_lamp(Shaper& s, Draw& d);
void make_display(Shaper& s, Draw& d);
void make_loudspeaker(Shaper& s, Draw& d);
void make_telephone(Shaper& s, Draw& d);
void make_car(Shaper& s, Draw& d);
void make_bus_truck(Shaper& s, Draw& d);
void make_motorbike_bike(Shaper& s, Draw& d);
void make_watercraft(Shaper& s, Draw& d);
void make_airplane(Shaper& s, Draw& d);
void make_rifle(Shaper& s, Draw& d);

}  // namespace voxgrad
