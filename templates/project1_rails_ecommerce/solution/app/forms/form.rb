# The fields that a body may hold. What isn't named here is never written, and every wrong field is named at once:
#
#   class ReviewForm < Form
#     field :rating, Rules.integer(1..5), required: true
#   end
#   ReviewForm.read({"rating" => 5}) # => {rating: 5}
class Form
  Field = Data.define(:rule, :required)

  class << self
    def fields = @fields ||= {}

    # For objects from elsewhere, whose makers may add fields.
    def tolerate_unknown_fields = @tolerant = true

    def tolerant? = @tolerant

    # A rule is one of Rules, or another form for a nested object.
    def field(name, rule, required: false) = fields[name] = Field.new(rule:, required:)

    # What the object holds, by name of the field. `partial` is for PATCH: nothing is required, but something must be there.
    # Fields in `except` are unknown ones this time; `record` is what a PATCH changes. Raises Problems::Invalid.
    def read(object, partial: false, except: [], record: nil) = new(object, partial:, except:, record:).values

    # What is wrong and what is right with an object that is part of another one.
    def inspect_object(object)
      form = new(object)
      [form.errors, form.given]
    end
  end

  attr_reader :errors, :given

  def initialize(object, partial: false, except: [], record: nil)
    @object = object
    @partial = partial
    @record = record
    @fields = self.class.fields.except(*except)
    @errors = {}
    @given = {}
    read
    check
  end

  def values
    raise Problems::Invalid, @errors if @errors.any?

    @given
  end

  private

  # For rules that look at several fields; those that are wrong by themselves aren't in `given`.
  def check; end

  def read
    refuse_unknown unless self.class.tolerant?
    @fields.each do |name, field|
      if @object.key?(name.to_s)
        read_value(name, field.rule, @object[name.to_s])
      elsif field.required && !@partial
        @errors[name] = "must be there"
      end
    end
    @errors[@fields.keys.first] = "or another field must be there" if @partial && @object.empty?
  end

  def refuse_unknown
    (@object.keys - @fields.keys.map(&:to_s)).each { |name| @errors[name] = "is not a field of this request" }
  end

  def read_value(name, rule, value)
    return read_nested(name, rule, value) if rule.is_a?(Class)

    @given[name] = rule.call(value)
  rescue Rules::Refused => e
    @errors[name] = e.message
  end

  def read_nested(name, form, value)
    return @errors[name] = "must be an object" unless value.is_a?(Hash)

    errors, given = form.inspect_object(value)
    errors.each { |inner, message| @errors["#{name}.#{inner}"] = message }
    @given[name] = given
  end
end
