# What is never shown in a log: the names of parameters and of attributes (`inspect` on a record is filtered, too).
# Bodies reach Rails only by way of JsonBody, so no parameter of one is logged in the first place; this is the second lock
# on that door.
Rails.application.config.filter_parameters += %i[
  passw secret token authorization digest signature email phone address _key
]
