#include "pix2vox/training/loss_watch.h"

#include <algorithm>

#include "tensor/error.h"

namespace voxgrad {

std::string LossWatch::operator()(std::int64_t epoch, double mean_loss) {
  if (steps_++ == 0)
    lowest_ = mean_loss;
  else if (epoch != epoch_)
    lowest_ = std::min(lowest_, last_);
  epoch_ = epoch;
  last_ = mean_loss;
  if (said_ || steps_ < min_steps || !(mean_loss > max_growth * lowest_)) return "";
  said_ = true;
  return concat("warning: the loss explodes: ", mean_loss, " in epoch ", epoch, ", it was ",
                lowest_, ": lower train.learning_rate");
}

}  // namespace voxgrad
