# What an order costs, to the cent: lines in, figures out, no database.
#
# TODO(m4.2): yours to build, see docs/milestones/m4-cart-and-orders.md
class OrderTotals
end
