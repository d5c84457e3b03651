require "rails_helper"

RSpec.describe "Writing categories" do
  let(:headers) { as(create(:user, :admin)) }
  let(:books) { create(:category, name: "Books") }

  def make(**fields) = post_json("/api/v1/categories", fields, headers:)
  def change(category, **fields) = patch_json("/api/v1/categories/#{category.id}", fields, headers:)
  def remove(category) = delete("/api/v1/categories/#{category.id}", headers:)

  it "makes one" do
    freeze_time
    make(name: " Field guides ", parent_id: books.id)
    expect(response).to have_http_status(:created)
    now = Time.current.iso8601(6)
    expect(body).to eq("id" => Category.last.id, "name" => "Field guides", "slug" => "field-guides", "parent_id" => books.id,
                       "sort_order" => 0, "active" => true, "created_at" => now, "updated_at" => now)
    make(name: "X", slug: "y", sort_order: 1_000_000, active: false, parent_id: nil)
    expect(body).to include("slug" => "y", "sort_order" => 1_000_000, "active" => false, "parent_id" => nil)
  end

  it "names every wrong field" do
    make(name: "", slug: "No", parent_id: books.id + 1, sort_order: -1, active: "yes", colour: 1)
    expect(response).to have_http_status(:unprocessable_content)
    expect(wrong_fields).to match_array(%w[name slug parent_id sort_order active colour])
    make(name: "!!!")
    expect(wrong_fields).to eq(["slug"])
    make(sort_order: 1_000_001)
    expect(wrong_fields).to match_array(%w[name sort_order])
  end

  it "takes a slug once" do
    other = create(:category, name: "Maps")
    make(name: "Books", slug: books.slug)
    expect(response).to have_http_status(:conflict)
    expect(wrong_fields).to eq(["slug"])
    change(other, slug: books.slug)
    expect(response).to have_http_status(:conflict)
    expect(other.reload.slug).to eq("maps")
  end

  it "changes one, and leaves what isn't named, the slug too" do
    category = create(:category, name: "Maps", parent: books, sort_order: 4)
    change(category, name: "Charts")
    expect(response).to have_http_status(:ok)
    expect(body).to include("name" => "Charts", "slug" => "maps", "parent_id" => books.id, "sort_order" => 4)
    change(category, parent_id: nil)
    expect(body).to include("name" => "Charts", "parent_id" => nil)
    change(category)
    expect(response).to have_http_status(:unprocessable_content)
  end

  it "closes no circle" do
    child = create(:category, parent: books)
    grandchild = create(:category, parent: child)
    [books, child, grandchild].each do |parent|
      change(books, parent_id: parent.id)
      expect(response).to have_http_status(:unprocessable_content)
      expect(wrong_fields).to eq(["parent_id"])
    end
    change(grandchild, parent_id: books.id)
    expect(response).to have_http_status(:ok)
  end

  it "deletes one that is empty" do
    child = create(:category, parent: books)
    product = create(:product, category: child)
    answers = [books, child].map do |category|
      remove(category)
      [response.status, body["detail"]]
    end
    expect(answers).to eq([[409, "A category with children can't be deleted."],
                           [409, "A category with products can't be deleted."]])
    ProductWriter.delete(product)
    [child, books].each do |category|
      remove(category)
      expect(response).to have_http_status(:no_content)
    end
    expect(Category.count).to eq(0)
  end

  it "notices a product that comes while one is deleted" do
    allow(books).to receive(:destroy!).and_raise(ActiveRecord::InvalidForeignKey)
    expect { CategoryWriter.delete(books) }.to raise_error(Problems::Conflict, /with products/)
  end

  it "is for admins only, whatever is there" do
    [create(:user), create(:user, :vendor)].each do |user|
      others = as(user)
      post_json "/api/v1/categories", {}, headers: others
      expect(response).to have_http_status(:forbidden)
      patch_json "/api/v1/categories/#{books.id + 1}", {}, headers: others
      expect(response).to have_http_status(:forbidden)
      delete "/api/v1/categories/#{books.id}", headers: others
      expect(response).to have_http_status(:forbidden)
    end
  end

  it "is a 404 where there is none" do
    patch_json "/api/v1/categories/#{books.id + 1}", { name: "X" }, headers: headers
    expect(response).to have_http_status(:not_found)
    delete "/api/v1/categories/#{books.id + 1}", headers: headers
    expect(response).to have_http_status(:not_found)
  end

  describe "at the same moment" do
    self.use_transactional_tests = false
    after { empty_tables }

    it "leaves a tree, whoever comes first" do
      one = create(:category)
      two = create(:category)
      answers = at_once(2) do |number|
        category, parent = number.zero? ? [one, two] : [two, one]
        CategoryWriter.store(Category.find(category.id), { parent_id: parent.id }) && :moved
      rescue Problems::Invalid
        :refused
      end
      expect(answers).to match_array(%i[moved refused])
      expect(CategoryTree.load.roots.sum { |node| node.ids.size }).to eq(2)
    end
  end
end
