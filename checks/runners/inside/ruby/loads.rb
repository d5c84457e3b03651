# frozen_string_literal: true

# Loading within a test is told to CheckCoverage. An alias and not a prepended module: that is how gems extend these
# methods, too, and the two ways don't go together.
module Kernel
  alias check_require require
  alias check_load load

  def require(path) = CheckCoverage.loading(path) { check_require(path) }
  def load(path, *rest) = CheckCoverage.loading(path) { check_load(path, *rest) }
  private :require, :load, :check_require, :check_load
end
