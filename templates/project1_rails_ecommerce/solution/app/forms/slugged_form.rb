# A form with a name, from which the slug is made where none is given.
class SluggedForm < Form
  SLUG_RULE = Rules.text(1..Slug::LONGEST, pattern: Slug::FORMAT,
                                           message: "must be small letters, digits and single hyphens, at most 120")

  private

  def check
    return if @partial || @object.key?("slug") || !@given.key?(:name)

    slug = Slug.from(@given[:name])
    slug ? @given[:slug] = slug : @errors[:slug] = "must be given, because none can be made from the name"
  end
end
